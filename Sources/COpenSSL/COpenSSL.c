// Loads libcrypto on first use and calls it through pointers that have the types of OpenSSL's own headers.
#define _GNU_SOURCE
#include "COpenSSL.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define FUNCTIONS(DO)            \
    DO(ERR_clear_error)          \
    DO(EVP_CIPHER_CTX_ctrl)      \
    DO(EVP_CIPHER_CTX_free)      \
    DO(EVP_CIPHER_CTX_new)       \
    DO(EVP_DecryptFinal_ex)      \
    DO(EVP_DecryptInit_ex)       \
    DO(EVP_DecryptUpdate)        \
    DO(EVP_Digest)               \
    DO(EVP_EncryptFinal_ex)      \
    DO(EVP_EncryptInit_ex)       \
    DO(EVP_EncryptUpdate)        \
    DO(EVP_aes_256_gcm)          \
    DO(EVP_sha256)               \
    DO(HMAC)                     \
    DO(PKCS5_PBKDF2_HMAC)

#define DECLARE(name) __typeof__(&name) name##_;
static struct {
    FUNCTIONS(DECLARE)
} libcrypto;

enum { NONCE_COUNT = 12, TAG_COUNT = 16 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int loaded;

static void load(void) {
    void *library = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return;
    int complete = 1;
#define RESOLVE(name) \
    if ((libcrypto.name##_ = (__typeof__(&name))dlsym(library, #name)) == NULL) complete = 0;
    FUNCTIONS(RESOLVE)
    atomic_store(&loaded, complete);
}

int copenssl_load(void) {
    if (pthread_once(&once, load) != 0) return COPENSSL_UNAVAILABLE;
    return atomic_load(&loaded) ? COPENSSL_OK : COPENSSL_UNAVAILABLE;
}

int copenssl_is_loaded(void) { return atomic_load(&loaded); }

// OpenSSL's error queue belongs to the thread, and libcurl reads the same one: nothing of ours may stay in it.
static int result(int succeeded) {
    if (succeeded) return COPENSSL_OK;
    libcrypto.ERR_clear_error_();
    return COPENSSL_FAILED;
}

int copenssl_sha256(const void *bytes, size_t count, uint8_t *digest) {
    if (copenssl_load() != COPENSSL_OK) return COPENSSL_UNAVAILABLE;
    return result(libcrypto.EVP_Digest_(count ? bytes : "", count, digest, NULL, libcrypto.EVP_sha256_(), NULL) == 1);
}

int copenssl_hmac_sha256(const void *key, size_t key_count, const void *bytes, size_t count, uint8_t *code) {
    if (copenssl_load() != COPENSSL_OK) return COPENSSL_UNAVAILABLE;
    if (key_count > INT_MAX) return COPENSSL_FAILED;
    unsigned int code_count = 0;
    return result(libcrypto.HMAC_(libcrypto.EVP_sha256_(), key_count ? key : "", (int)key_count,
                                  count ? bytes : (const void *)"", count, code, &code_count) != NULL);
}

int copenssl_pbkdf2_hmac_sha256(const void *password, size_t password_count, const void *salt, size_t salt_count,
                                uint32_t iterations, void *key, size_t key_count) {
    if (copenssl_load() != COPENSSL_OK) return COPENSSL_UNAVAILABLE;
    if (password_count > INT_MAX || salt_count > INT_MAX) return COPENSSL_FAILED;
    if (key_count == 0 || key_count > INT_MAX) return COPENSSL_FAILED;
    if (iterations == 0 || iterations > INT_MAX) return COPENSSL_FAILED;
    return result(libcrypto.PKCS5_PBKDF2_HMAC_(password_count ? password : "", (int)password_count,
                                               salt_count ? salt : (const void *)"", (int)salt_count, (int)iterations,
                                               libcrypto.EVP_sha256_(), (int)key_count, key) == 1);
}

static int seal(EVP_CIPHER_CTX *context, const void *key, const void *nonce, const void *associated,
                int associated_count, const void *plaintext, int count, void *ciphertext, void *tag) {
    int written = 0;
    uint8_t rest[16];
    if (libcrypto.EVP_EncryptInit_ex_(context, libcrypto.EVP_aes_256_gcm_(), NULL, NULL, NULL) != 1) return 0;
    if (libcrypto.EVP_CIPHER_CTX_ctrl_(context, EVP_CTRL_AEAD_SET_IVLEN, NONCE_COUNT, NULL) != 1) return 0;
    if (libcrypto.EVP_EncryptInit_ex_(context, NULL, NULL, key, nonce) != 1) return 0;
    if (associated_count > 0
        && libcrypto.EVP_EncryptUpdate_(context, NULL, &written, associated, associated_count) != 1) return 0;
    if (count > 0 && (libcrypto.EVP_EncryptUpdate_(context, ciphertext, &written, plaintext, count) != 1
                      || written != count)) return 0;
    if (libcrypto.EVP_EncryptFinal_ex_(context, rest, &written) != 1 || written != 0) return 0;
    return libcrypto.EVP_CIPHER_CTX_ctrl_(context, EVP_CTRL_AEAD_GET_TAG, TAG_COUNT, tag) == 1;
}

int copenssl_aes_256_gcm_seal(const void *key, const void *nonce, const void *associated, size_t associated_count,
                              const void *plaintext, size_t count, void *ciphertext, void *tag) {
    if (copenssl_load() != COPENSSL_OK) return COPENSSL_UNAVAILABLE;
    if (associated_count > INT_MAX || count > INT_MAX) return COPENSSL_FAILED;
    EVP_CIPHER_CTX *context = libcrypto.EVP_CIPHER_CTX_new_();
    if (context == NULL) return result(0);
    int succeeded =
        seal(context, key, nonce, associated, (int)associated_count, plaintext, (int)count, ciphertext, tag);
    libcrypto.EVP_CIPHER_CTX_free_(context);
    return result(succeeded);
}

static int decrypt(EVP_CIPHER_CTX *context, const void *key, const void *nonce, const void *associated,
                   int associated_count, const void *ciphertext, int count, const uint8_t *tag, void *plaintext) {
    int written = 0;
    uint8_t expected_tag[TAG_COUNT];
    memcpy(expected_tag, tag, TAG_COUNT);
    if (libcrypto.EVP_DecryptInit_ex_(context, libcrypto.EVP_aes_256_gcm_(), NULL, NULL, NULL) != 1) return 0;
    if (libcrypto.EVP_CIPHER_CTX_ctrl_(context, EVP_CTRL_AEAD_SET_IVLEN, NONCE_COUNT, NULL) != 1) return 0;
    if (libcrypto.EVP_DecryptInit_ex_(context, NULL, NULL, key, nonce) != 1) return 0;
    if (associated_count > 0
        && libcrypto.EVP_DecryptUpdate_(context, NULL, &written, associated, associated_count) != 1) return 0;
    if (count > 0 && (libcrypto.EVP_DecryptUpdate_(context, plaintext, &written, ciphertext, count) != 1
                      || written != count)) return 0;
    return libcrypto.EVP_CIPHER_CTX_ctrl_(context, EVP_CTRL_AEAD_SET_TAG, TAG_COUNT, expected_tag) == 1;
}

static int open_sealed(EVP_CIPHER_CTX *context, const void *key, const void *nonce, const void *associated,
                       int associated_count, const void *ciphertext, int count, const void *tag, void *plaintext) {
    int written = 0;
    uint8_t rest[TAG_COUNT];
    if (!decrypt(context, key, nonce, associated, associated_count, ciphertext, count, tag, plaintext)) {
        return COPENSSL_FAILED;
    }
    // Only here is the tag judged.
    return libcrypto.EVP_DecryptFinal_ex_(context, rest, &written) == 1 ? COPENSSL_OK : COPENSSL_NOT_AUTHENTIC;
}

int copenssl_aes_256_gcm_open(const void *key, const void *nonce, const void *associated, size_t associated_count,
                              const void *ciphertext, size_t count, const void *tag, void *plaintext) {
    int outcome = copenssl_load();
    if (outcome != COPENSSL_OK) return outcome;
    if (associated_count > INT_MAX || count > INT_MAX) return COPENSSL_FAILED;
    EVP_CIPHER_CTX *context = libcrypto.EVP_CIPHER_CTX_new_();
    if (context == NULL) return result(0);
    outcome =
        open_sealed(context, key, nonce, associated, (int)associated_count, ciphertext, (int)count, tag, plaintext);
    libcrypto.EVP_CIPHER_CTX_free_(context);
    if (outcome != COPENSSL_OK) {
        libcrypto.ERR_clear_error_();
        if (count > 0) explicit_bzero(plaintext, count);
    }
    return outcome;
}
