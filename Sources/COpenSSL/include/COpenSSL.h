// The door to libcrypto: the few functions Cryptography needs, each whole in itself, so that no OpenSSL object is
// held on the other side (TLS, which cannot be so, has a door of its own). libcrypto is loaded by the first call, not when the program starts.
#ifndef COPENSSL_H
#define COPENSSL_H

#include <stddef.h>
#include <stdint.h>

enum {
    COPENSSL_OK = 0,
    // libcrypto.so.3 is not installed or lacks a function.
    COPENSSL_UNAVAILABLE = 1,
    // OpenSSL refused the operation or ran out of memory.
    COPENSSL_FAILED = 2,
    // The tag does not fit key, nonce, associated data and ciphertext.
    COPENSSL_NOT_AUTHENTIC = 3,
};

// Loads libcrypto now. Any thread may call it, any number of times.
int copenssl_load(void);

// Whether a call has loaded libcrypto already.
int copenssl_is_loaded(void);

// SHA-256 (FIPS 180-4); `digest` has room for 32 bytes.
int copenssl_sha256(const void *bytes, size_t count, uint8_t *digest);

// HMAC-SHA-256 (RFC 2104); `code` has room for 32 bytes.
int copenssl_hmac_sha256(const void *key, size_t key_count, const void *bytes, size_t count, uint8_t *code);

// PBKDF2 with HMAC-SHA-256 (RFC 8018 section 5.2).
int copenssl_pbkdf2_hmac_sha256(const void *password, size_t password_count, const void *salt, size_t salt_count,
                                uint32_t iterations, void *key, size_t key_count);

// AES-256-GCM (NIST SP 800-38D): key 32 bytes, nonce 12, tag 16; `ciphertext` has room for `count` bytes.
int copenssl_aes_256_gcm_seal(const void *key, const void *nonce, const void *associated, size_t associated_count,
                              const void *plaintext, size_t count, void *ciphertext, void *tag);

// The reverse. On any result but COPENSSL_OK `plaintext` has been wiped.
int copenssl_aes_256_gcm_open(const void *key, const void *nonce, const void *associated, size_t associated_count,
                              const void *ciphertext, size_t count, const void *tag, void *plaintext);

#endif
