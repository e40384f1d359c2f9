// The server's side of TLS over bytes: what came from a client goes in, what is for it comes out, and no socket is touched.
// libssl is loaded by the first call, not when the program starts.
#ifndef COPENSSL_TLS_H
#define COPENSSL_TLS_H

#include <stddef.h>

#include "COpenSSL.h"

enum {
    // The certificate is not taken; the words say why.
    COPENSSL_TLS_CERTIFICATE = 10,
    // The private key is not taken; the words say why.
    COPENSSL_TLS_KEY = 11,
    // The private key is encrypted, and no password is asked for.
    COPENSSL_TLS_KEY_ENCRYPTED = 12,
    // The private key is another certificate's.
    COPENSSL_TLS_MISMATCH = 13,
    // The certificate counts not yet, or no longer.
    COPENSSL_TLS_DATES = 14,
    // More of the client's bytes are needed.
    COPENSSL_TLS_WANTS = 20,
    // The client has closed its side (close_notify).
    COPENSSL_TLS_ENDED = 21,
    // The client speaks HTTP without TLS.
    COPENSSL_TLS_PLAIN = 22,
};

// What a server shows: a certificate with those that vouch for it, and the private key.
typedef struct copenssl_identity copenssl_identity;
// One connection.
typedef struct copenssl_tls copenssl_tls;

// Makes an identity of PEM texts. `words` gets OpenSSL's own for what it refuses.
int copenssl_identity_make(const void *certificate, size_t certificate_count, const void *key, size_t key_count,
                           copenssl_identity **identity, char *words, size_t words_count);
void copenssl_identity_free(copenssl_identity *identity);

// Any thread may make connections of one identity at the same time; a connection belongs to one thread at a time.
copenssl_tls *copenssl_tls_make(copenssl_identity *identity);
void copenssl_tls_free(copenssl_tls *tls);

// Takes bytes that came from the client.
int copenssl_tls_receive(copenssl_tls *tls, const void *bytes, size_t count);
// Goes on with the handshake: COPENSSL_OK when it is done, or WANTS, PLAIN, FAILED.
int copenssl_tls_handshake(copenssl_tls *tls);
// What the client said: COPENSSL_OK with at least one byte, or WANTS, ENDED, FAILED.
int copenssl_tls_read(copenssl_tls *tls, void *buffer, size_t room, size_t *count);
// Says something to the client.
int copenssl_tls_write(copenssl_tls *tls, const void *bytes, size_t count);
// Says that nothing more is said (close_notify).
void copenssl_tls_end(copenssl_tls *tls);

// How many bytes wait to be sent to the client, and so many of them.
size_t copenssl_tls_pending(copenssl_tls *tls);
size_t copenssl_tls_take(copenssl_tls *tls, void *buffer, size_t room);

#endif
