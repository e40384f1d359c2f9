// zlib, brotli and zstd behind one function: dlopen on first use. Their few functions are declared here, as the ABI of
// these sonames has them, so that building needs no headers beyond those of libcurl.
#include "CCoding.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

// MARK: zlib

typedef struct {
  const uint8_t *next_in;
  unsigned avail_in;
  unsigned long total_in;
  uint8_t *next_out;
  unsigned avail_out;
  unsigned long total_out;
  const char *message;
  void *state;
  void *(*allocate)(void *, unsigned, unsigned);
  void (*release)(void *, void *);
  void *opaque;
  int data_type;
  unsigned long checksum;
  unsigned long reserved;
} zlib_stream;

enum { zlib_ok = 0, zlib_stream_end = 1, zlib_buffer_error = -5, zlib_no_flush = 0 };

static struct {
  int (*init)(zlib_stream *, int, const char *, int);
  int (*run)(zlib_stream *, int);
  int (*end)(zlib_stream *);
} zlib;

// MARK: brotli

enum { brotli_failed = 0, brotli_success = 1, brotli_more_input = 2, brotli_more_output = 3 };

static struct {
  void *(*create)(void *(*)(void *, size_t), void (*)(void *, void *), void *);
  int (*run)(void *, size_t *, const uint8_t **, size_t *, uint8_t **, size_t *);
  void (*free)(void *);
} brotli;

// MARK: zstd

typedef struct {
  const void *bytes;
  size_t size;
  size_t position;
} zstd_input;

typedef struct {
  void *bytes;
  size_t size;
  size_t position;
} zstd_output;

enum { zstd_window_log_max = 100 };

static struct {
  void *(*create)(void);
  size_t (*set)(void *, int, int);
  size_t (*run)(void *, zstd_output *, zstd_input *);
  unsigned (*is_error)(size_t);
  size_t (*free)(void *);
} zstd;

// The largest window an HTTP answer may want, 8 MiB (RFC 9659 §3).
static const int zstd_window_log = 23;

// MARK: loading

static const char *library_of(ccoding_kind kind) {
  switch (kind) {
    case ccoding_brotli: return "libbrotlidec.so.1";
    case ccoding_zstd: return "libzstd.so.1";
    default: return "libz.so.1";
  }
}

bool ccoding_is_loaded(ccoding_kind kind) {
  void *handle = dlopen(library_of(kind), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  if (!handle) return false;
  dlclose(handle);
  return true;
}

#define FIND(table, member, name)                                                                                      \
  do {                                                                                                                 \
    *(void **)&table.member = dlsym(handle, name);                                                                     \
    if (!table.member) return false;                                                                                   \
  } while (0)

static bool find_zlib(void) {
  void *handle = dlopen(library_of(ccoding_gzip), RTLD_NOW | RTLD_LOCAL);
  if (!handle) return false;
  FIND(zlib, init, "inflateInit2_");
  FIND(zlib, run, "inflate");
  FIND(zlib, end, "inflateEnd");
  return true;
}

static bool find_brotli(void) {
  void *handle = dlopen(library_of(ccoding_brotli), RTLD_NOW | RTLD_LOCAL);
  if (!handle) return false;
  FIND(brotli, create, "BrotliDecoderCreateInstance");
  FIND(brotli, run, "BrotliDecoderDecompressStream");
  FIND(brotli, free, "BrotliDecoderDestroyInstance");
  return true;
}

static bool find_zstd(void) {
  void *handle = dlopen(library_of(ccoding_zstd), RTLD_NOW | RTLD_LOCAL);
  if (!handle) return false;
  FIND(zstd, create, "ZSTD_createDCtx");
  FIND(zstd, set, "ZSTD_DCtx_setParameter");
  FIND(zstd, run, "ZSTD_decompressStream");
  FIND(zstd, is_error, "ZSTD_isError");
  FIND(zstd, free, "ZSTD_freeDCtx");
  return true;
}

static bool has_zlib, has_brotli, has_zstd;
static pthread_once_t zlib_once = PTHREAD_ONCE_INIT, brotli_once = PTHREAD_ONCE_INIT, zstd_once = PTHREAD_ONCE_INIT;

static void load_zlib(void) { has_zlib = find_zlib(); }
static void load_brotli(void) { has_brotli = find_brotli(); }
static void load_zstd(void) { has_zstd = find_zstd(); }

static bool has_library(ccoding_kind kind) {
  switch (kind) {
    case ccoding_brotli: pthread_once(&brotli_once, load_brotli); return has_brotli;
    case ccoding_zstd: pthread_once(&zstd_once, load_zstd); return has_zstd;
    default: pthread_once(&zlib_once, load_zlib); return has_zlib;
  }
}

// MARK: decoding

struct ccoding_decoder {
  ccoding_kind kind;
  zlib_stream zlib;
  bool is_zlib_begun;
  void *state;
};

static bool begin(ccoding_decoder *decoder) {
  switch (decoder->kind) {
    case ccoding_brotli: return (decoder->state = brotli.create(NULL, NULL, NULL)) != NULL;
    case ccoding_zstd:
      decoder->state = zstd.create();
      return decoder->state && !zstd.is_error(zstd.set(decoder->state, zstd_window_log_max, zstd_window_log));
    default: {
      int window = decoder->kind == ccoding_gzip ? 15 + 16 : decoder->kind == ccoding_zlib ? 15 : -15;
      // The version is compared by its first character, and by the size of the structure.
      decoder->is_zlib_begun = zlib.init(&decoder->zlib, window, "1", (int)sizeof decoder->zlib) == zlib_ok;
      return decoder->is_zlib_begun;
    }
  }
}

ccoding_decoder *ccoding_create(ccoding_kind kind) {
  if (!has_library(kind)) return NULL;
  ccoding_decoder *decoder = calloc(1, sizeof *decoder);
  if (!decoder) return NULL;
  decoder->kind = kind;
  if (begin(decoder)) return decoder;
  ccoding_free(decoder);
  return NULL;
}

static unsigned bounded(size_t length) { return length > 1u << 30 ? 1u << 30 : (unsigned)length; }

static ccoding_state run_zlib(ccoding_decoder *decoder, const uint8_t *input, size_t input_length, size_t *taken,
                              uint8_t *output, size_t output_length, size_t *made) {
  zlib_stream *stream = &decoder->zlib;
  unsigned before = bounded(input_length), space = bounded(output_length);
  stream->next_in = input;
  stream->avail_in = before;
  stream->next_out = output;
  stream->avail_out = space;
  int status = zlib.run(stream, zlib_no_flush);
  *taken = before - stream->avail_in;
  *made = space - stream->avail_out;
  if (status == zlib_stream_end) return ccoding_over;
  if (status != zlib_ok && status != zlib_buffer_error) return ccoding_failed;
  return stream->avail_out == 0 ? ccoding_full : ccoding_hungry;
}

static ccoding_state run_brotli(ccoding_decoder *decoder, const uint8_t *input, size_t input_length, size_t *taken,
                                uint8_t *output, size_t output_length, size_t *made) {
  size_t input_left = input_length, output_left = output_length;
  int status = brotli.run(decoder->state, &input_left, &input, &output_left, &output, NULL);
  *taken = input_length - input_left;
  *made = output_length - output_left;
  switch (status) {
    case brotli_success: return ccoding_over;
    case brotli_more_input: return ccoding_hungry;
    case brotli_more_output: return ccoding_full;
    default: return ccoding_failed;
  }
}

static ccoding_state run_zstd(ccoding_decoder *decoder, const uint8_t *input, size_t input_length, size_t *taken,
                              uint8_t *output, size_t output_length, size_t *made) {
  zstd_input in = {input, input_length, 0};
  zstd_output out = {output, output_length, 0};
  size_t left = zstd.run(decoder->state, &out, &in);
  *taken = in.position;
  *made = out.position;
  if (zstd.is_error(left)) return ccoding_failed;
  if (left == 0) return ccoding_over;
  return out.position == out.size ? ccoding_full : ccoding_hungry;
}

ccoding_state ccoding_run(ccoding_decoder *decoder, const uint8_t *input, size_t input_length, size_t *taken,
                          uint8_t *output, size_t output_length, size_t *made) {
  *taken = *made = 0;
  switch (decoder->kind) {
    case ccoding_brotli: return run_brotli(decoder, input, input_length, taken, output, output_length, made);
    case ccoding_zstd: return run_zstd(decoder, input, input_length, taken, output, output_length, made);
    default: return run_zlib(decoder, input, input_length, taken, output, output_length, made);
  }
}

void ccoding_free(ccoding_decoder *decoder) {
  if (decoder->is_zlib_begun) zlib.end(&decoder->zlib);
  if (decoder->state && decoder->kind == ccoding_brotli) brotli.free(decoder->state);
  if (decoder->state && decoder->kind == ccoding_zstd) zstd.free(decoder->state);
  free(decoder);
}
