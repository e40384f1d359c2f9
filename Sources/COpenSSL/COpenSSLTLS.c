// Loads libssl on first use and calls it through pointers that have the types of OpenSSL's own headers.
#define _GNU_SOURCE
#include "COpenSSLTLS.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#define CRYPTO_FUNCTIONS(DO)           \
    DO(BIO_ctrl)                       \
    DO(BIO_free)                       \
    DO(BIO_new)                        \
    DO(BIO_new_mem_buf)                \
    DO(BIO_read)                       \
    DO(BIO_s_mem)                      \
    DO(BIO_write)                      \
    DO(ERR_clear_error)                \
    DO(ERR_peek_error)                 \
    DO(ERR_peek_last_error)            \
    DO(ERR_reason_error_string)        \
    DO(EVP_PKEY_free)                  \
    DO(PEM_read_bio_PrivateKey)        \
    DO(PEM_read_bio_X509)              \
    DO(X509_cmp_current_time)          \
    DO(X509_free)                      \
    DO(X509_get0_notAfter)             \
    DO(X509_get0_notBefore)            \
    DO(X509_verify_cert_error_string)

#define SSL_FUNCTIONS(DO)              \
    DO(SSL_CTX_ctrl)                   \
    DO(SSL_CTX_free)                   \
    DO(SSL_CTX_new)                    \
    DO(SSL_CTX_set_alpn_select_cb)     \
    DO(SSL_CTX_set_options)            \
    DO(SSL_CTX_use_PrivateKey)         \
    DO(SSL_CTX_use_certificate)        \
    DO(SSL_do_handshake)               \
    DO(SSL_free)                       \
    DO(SSL_get_error)                  \
    DO(SSL_get_rbio)                   \
    DO(SSL_get_wbio)                   \
    DO(SSL_new)                        \
    DO(SSL_read)                       \
    DO(SSL_select_next_proto)          \
    DO(SSL_set_accept_state)           \
    DO(SSL_set_bio)                    \
    DO(SSL_shutdown)                   \
    DO(SSL_write)                      \
    DO(TLS_server_method)

#define DECLARE(name) __typeof__(&name) name##_;
static struct {
    CRYPTO_FUNCTIONS(DECLARE)
    SSL_FUNCTIONS(DECLARE)
} ssl;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int loaded;

static void load(void) {
    void *libcrypto = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
    void *libssl = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
    if (libcrypto == NULL || libssl == NULL) return;
    int complete = 1;
#define RESOLVE(library, name) \
    if ((ssl.name##_ = (__typeof__(&name))dlsym(library, #name)) == NULL) complete = 0;
#define RESOLVE_CRYPTO(name) RESOLVE(libcrypto, name)
#define RESOLVE_SSL(name) RESOLVE(libssl, name)
    CRYPTO_FUNCTIONS(RESOLVE_CRYPTO)
    SSL_FUNCTIONS(RESOLVE_SSL)
    atomic_store(&loaded, complete);
}

static int is_loaded(void) { return pthread_once(&once, load) == 0 && atomic_load(&loaded); }

// MARK: identity

// The protocol spoken above TLS (RFC 7301): a client that names others alone is told so.
static int choose_protocol(SSL *connection, const unsigned char **chosen, unsigned char *chosen_count,
                           const unsigned char *offered, unsigned int offered_count, void *unused) {
    static const unsigned char own[] = "\x08http/1.1";
    (void)connection;
    (void)unused;
    int found = ssl.SSL_select_next_proto_((unsigned char **)chosen, chosen_count, own, sizeof own - 1, offered,
                                           offered_count);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// A key whose password would be asked for is not taken: who starts a host that stays up is not there when it starts again.
static int no_password(char *buffer, int room, int writes, void *asked) {
    (void)buffer;
    (void)room;
    (void)writes;
    *(int *)asked = 1;
    return -1;
}

// What OpenSSL says of what it refused last, and nothing stays in its queue, which libcurl reads too.
static int refuse(int outcome, char *words, size_t words_count) {
    const char *text = ssl.ERR_reason_error_string_(ssl.ERR_peek_last_error_());
    if (words_count > 0) {
        strncpy(words, text ? text : "it is not what OpenSSL reads", words_count - 1);
        words[words_count - 1] = 0;
    }
    ssl.ERR_clear_error_();
    return outcome;
}

static int refuse_dates(int reason, char *words, size_t words_count) {
    if (words_count > 0) {
        strncpy(words, ssl.X509_verify_cert_error_string_(reason), words_count - 1);
        words[words_count - 1] = 0;
    }
    return COPENSSL_TLS_DATES;
}

static int use_certificate(SSL_CTX *context, BIO *text, char *words, size_t words_count) {
    X509 *certificate = ssl.PEM_read_bio_X509_(text, NULL, NULL, NULL);
    if (certificate == NULL) return refuse(COPENSSL_TLS_CERTIFICATE, words, words_count);
    int outcome = COPENSSL_OK;
    // Both compare to now; zero stands for a time that cannot be read.
    if (ssl.X509_cmp_current_time_(ssl.X509_get0_notBefore_(certificate)) >= 0)
        outcome = refuse_dates(X509_V_ERR_CERT_NOT_YET_VALID, words, words_count);
    else if (ssl.X509_cmp_current_time_(ssl.X509_get0_notAfter_(certificate)) <= 0)
        outcome = refuse_dates(X509_V_ERR_CERT_HAS_EXPIRED, words, words_count);
    else if (ssl.SSL_CTX_use_certificate_(context, certificate) != 1)
        outcome = refuse(COPENSSL_TLS_CERTIFICATE, words, words_count);
    ssl.X509_free_(certificate);
    while (outcome == COPENSSL_OK) {
        X509 *next = ssl.PEM_read_bio_X509_(text, NULL, NULL, NULL);
        if (next == NULL) {
            // What follows the last one, as the key in the same file does, is no certificate.
            if (ERR_GET_REASON(ssl.ERR_peek_last_error_()) != PEM_R_NO_START_LINE)
                return refuse(COPENSSL_TLS_CERTIFICATE, words, words_count);
            break;
        }
        // The context owns it from here on.
        if (ssl.SSL_CTX_ctrl_(context, SSL_CTRL_CHAIN_CERT, 0, next) != 1) {
            ssl.X509_free_(next);
            return refuse(COPENSSL_TLS_CERTIFICATE, words, words_count);
        }
    }
    ssl.ERR_clear_error_();
    return outcome;
}

static int use_key(SSL_CTX *context, BIO *text, char *words, size_t words_count) {
    int asked = 0;
    EVP_PKEY *key = ssl.PEM_read_bio_PrivateKey_(text, NULL, no_password, &asked);
    if (key == NULL) return refuse(asked ? COPENSSL_TLS_KEY_ENCRYPTED : COPENSSL_TLS_KEY, words, words_count);
    // The key is held against the certificate here.
    int taken = ssl.SSL_CTX_use_PrivateKey_(context, key);
    ssl.EVP_PKEY_free_(key);
    return taken == 1 ? COPENSSL_OK : refuse(COPENSSL_TLS_MISMATCH, words, words_count);
}

static int fill(SSL_CTX *context, BIO *certificate, BIO *key, char *words, size_t words_count) {
    if (ssl.SSL_CTX_ctrl_(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL) != 1) return COPENSSL_FAILED;
    ssl.SSL_CTX_set_options_(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // A connection that is idle keeps no buffers; sessions are resumed by tickets alone, which take no memory here.
    ssl.SSL_CTX_ctrl_(context, SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS, NULL);
    ssl.SSL_CTX_ctrl_(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, NULL);
    ssl.SSL_CTX_set_alpn_select_cb_(context, choose_protocol, NULL);
    int outcome = use_certificate(context, certificate, words, words_count);
    return outcome == COPENSSL_OK ? use_key(context, key, words, words_count) : outcome;
}

int copenssl_identity_make(const void *certificate, size_t certificate_count, const void *key, size_t key_count,
                           copenssl_identity **identity, char *words, size_t words_count) {
    if (!is_loaded()) return COPENSSL_UNAVAILABLE;
    if (certificate_count > INT_MAX || key_count > INT_MAX) return COPENSSL_FAILED;
    ssl.ERR_clear_error_();
    SSL_CTX *context = ssl.SSL_CTX_new_(ssl.TLS_server_method_());
    BIO *certificate_text = ssl.BIO_new_mem_buf_(certificate_count ? certificate : "", (int)certificate_count);
    BIO *key_text = ssl.BIO_new_mem_buf_(key_count ? key : "", (int)key_count);
    int outcome = context != NULL && certificate_text != NULL && key_text != NULL
        ? fill(context, certificate_text, key_text, words, words_count) : COPENSSL_FAILED;
    ssl.BIO_free_(certificate_text);
    ssl.BIO_free_(key_text);
    ssl.ERR_clear_error_();
    if (outcome == COPENSSL_OK) *identity = (copenssl_identity *)context;
    else ssl.SSL_CTX_free_(context);
    return outcome;
}

void copenssl_identity_free(copenssl_identity *identity) { ssl.SSL_CTX_free_((SSL_CTX *)identity); }

// MARK: connections

static SSL *connection_of(copenssl_tls *tls) { return (SSL *)tls; }

copenssl_tls *copenssl_tls_make(copenssl_identity *identity) {
    SSL *connection = ssl.SSL_new_((SSL_CTX *)identity);
    BIO *received = ssl.BIO_new_(ssl.BIO_s_mem_());
    BIO *sent = ssl.BIO_new_(ssl.BIO_s_mem_());
    if (connection == NULL || received == NULL || sent == NULL) {
        ssl.SSL_free_(connection);
        ssl.BIO_free_(received);
        ssl.BIO_free_(sent);
        ssl.ERR_clear_error_();
        return NULL;
    }
    // The connection owns both from here on.
    ssl.SSL_set_bio_(connection, received, sent);
    ssl.SSL_set_accept_state_(connection);
    return (copenssl_tls *)connection;
}

void copenssl_tls_free(copenssl_tls *tls) { ssl.SSL_free_(connection_of(tls)); }

int copenssl_tls_receive(copenssl_tls *tls, const void *bytes, size_t count) {
    while (count > 0) {
        int room = count > INT_MAX ? INT_MAX : (int)count;
        int taken = ssl.BIO_write_(ssl.SSL_get_rbio_(connection_of(tls)), bytes, room);
        if (taken <= 0) return COPENSSL_FAILED;
        bytes = (const char *)bytes + taken;
        count -= (size_t)taken;
    }
    return COPENSSL_OK;
}

// What stands behind a result that is no success.
static int failure_of(SSL *connection, int result) {
    switch (ssl.SSL_get_error_(connection, result)) {
    case SSL_ERROR_WANT_READ: return COPENSSL_TLS_WANTS;
    case SSL_ERROR_ZERO_RETURN: return COPENSSL_TLS_ENDED;
    default: return COPENSSL_FAILED;
    }
}

int copenssl_tls_handshake(copenssl_tls *tls) {
    ssl.ERR_clear_error_();
    int result = ssl.SSL_do_handshake_(connection_of(tls));
    if (result == 1) return COPENSSL_OK;
    int outcome = failure_of(connection_of(tls), result);
    if (outcome == COPENSSL_FAILED && ERR_GET_REASON(ssl.ERR_peek_error_()) == SSL_R_HTTP_REQUEST)
        outcome = COPENSSL_TLS_PLAIN;
    ssl.ERR_clear_error_();
    return outcome == COPENSSL_TLS_ENDED ? COPENSSL_FAILED : outcome;
}

int copenssl_tls_read(copenssl_tls *tls, void *buffer, size_t room, size_t *count) {
    ssl.ERR_clear_error_();
    int result = ssl.SSL_read_(connection_of(tls), buffer, room > INT_MAX ? INT_MAX : (int)room);
    if (result > 0) {
        *count = (size_t)result;
        return COPENSSL_OK;
    }
    int outcome = failure_of(connection_of(tls), result);
    ssl.ERR_clear_error_();
    return outcome;
}

int copenssl_tls_write(copenssl_tls *tls, const void *bytes, size_t count) {
    if (count == 0) return COPENSSL_OK;
    if (count > INT_MAX) return COPENSSL_FAILED;
    ssl.ERR_clear_error_();
    // Memory takes all of it at once.
    int result = ssl.SSL_write_(connection_of(tls), bytes, (int)count);
    ssl.ERR_clear_error_();
    return result == (int)count ? COPENSSL_OK : COPENSSL_FAILED;
}

void copenssl_tls_end(copenssl_tls *tls) {
    ssl.ERR_clear_error_();
    ssl.SSL_shutdown_(connection_of(tls));
    ssl.ERR_clear_error_();
}

size_t copenssl_tls_pending(copenssl_tls *tls) {
    long count = ssl.BIO_ctrl_(ssl.SSL_get_wbio_(connection_of(tls)), BIO_CTRL_PENDING, 0, NULL);
    return count > 0 ? (size_t)count : 0;
}

size_t copenssl_tls_take(copenssl_tls *tls, void *buffer, size_t room) {
    int count = ssl.BIO_read_(ssl.SSL_get_wbio_(connection_of(tls)), buffer, room > INT_MAX ? INT_MAX : (int)room);
    return count > 0 ? (size_t)count : 0;
}
