// The door to the decoders of HTTP's content codings: zlib, brotli and zstd behind one function. They are the libraries
// that libcurl itself is linked to; each is loaded on first use, so an answer that is not encoded costs nothing.
#ifndef OMLX_CCODING_H
#define OMLX_CCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What a stream is encoded with.
typedef enum {
  /// RFC 1952.
  ccoding_gzip = 0,
  /// RFC 1950, which is what HTTP calls deflate.
  ccoding_zlib,
  /// RFC 1951 without a header, which some servers call deflate.
  ccoding_raw_deflate,
  /// RFC 7932.
  ccoding_brotli,
  /// RFC 8878.
  ccoding_zstd,
} ccoding_kind;

/// Where a decoder stands.
typedef enum {
  /// All input was taken; more is wanted.
  ccoding_hungry = 0,
  /// The output is full; there may be more of it.
  ccoding_full,
  /// The encoded stream is over.
  ccoding_over,
  /// The input is no such stream.
  ccoding_failed,
} ccoding_state;

/// One stream being decoded.
typedef struct ccoding_decoder ccoding_decoder;

/// Whether the library for a coding is in memory already, as libcurl's own libraries are. Loads nothing.
bool ccoding_is_loaded(ccoding_kind kind);
/// A decoder, or null when the library is not installed or has no memory.
ccoding_decoder *ccoding_create(ccoding_kind kind);
/// Decodes what it can. `taken` and `made` say how much of input and output was used.
ccoding_state ccoding_run(ccoding_decoder *decoder, const uint8_t *input, size_t input_length, size_t *taken,
                          uint8_t *output, size_t output_length, size_t *made);
void ccoding_free(ccoding_decoder *decoder);

#endif
