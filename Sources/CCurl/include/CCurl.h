// The door to libcurl: a few plain functions over opaque handles. libcurl itself is loaded on first use, so a
// command that speaks no HTTP does not pay for its thirty dependencies.
#ifndef OMLX_CCURL_H
#define OMLX_CCURL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// One transfer (a CURL easy handle).
typedef struct ccurl_easy ccurl_easy;
/// The set of transfers of one event loop (a CURLM multi handle).
typedef struct ccurl_multi ccurl_multi;

/// Everything a transfer is configured with. Strings end with NUL; a null pointer means "not set".
/// Only `body` must outlive the transfer; all else is copied by libcurl.
typedef struct {
  const char *url;
  const char *method;
  const char *const *headers;
  size_t header_count;
  const uint8_t *body;
  size_t body_length;
  /// An empty string keeps libcurl from looking at the environment.
  const char *proxy;
  const char *no_proxy;
  const char *ca_file;
  /// An empty string means no folder, not even libcurl's own.
  const char *ca_path;
  const char *client_certificate;
  const char *client_key;
  const char *user_agent;
  /// The Unix socket to connect to, whatever the host of the URL.
  const char *unix_socket;
  long connect_timeout_ms;
  /// Given to every callback.
  void *context;
  /// A socket to this address is about to be opened. Returns false to leave the address out.
  bool (*on_open)(void *context, const char *remote_address);
  /// The connection stands and the request is about to be written. Returns false to give up.
  bool (*on_ready)(void *context, const char *remote_address);
  /// One header line, without its end. An empty line ends a header block. Returns false to give up.
  bool (*on_header)(void *context, const char *line, size_t length);
  /// A piece of the body: 1 taken, 0 not now (pause), -1 give up.
  int (*on_body)(void *context, const uint8_t *bytes, size_t length);
} ccurl_request;

/// How a transfer ended, by what a caller can do about it.
typedef enum {
  ccurl_ok = 0,
  ccurl_unresolved_host,
  ccurl_unresolved_proxy,
  ccurl_proxy_failed,
  ccurl_connect_failed,
  ccurl_connect_timed_out,
  ccurl_tls_failed,
  ccurl_tls_untrusted,
  ccurl_tls_bad_file,
  ccurl_closed,
  ccurl_not_http,
  ccurl_bad_url,
  ccurl_aborted,
  ccurl_other,
} ccurl_outcome;

/// A transfer that ended.
typedef struct {
  ccurl_easy *easy;
  void *context;
  ccurl_outcome outcome;
  int os_error;
  /// libcurl's own sentence about a failure; valid until the handle is freed.
  const char *detail;
} ccurl_finished;

/// Loads libcurl once. Returns null when it can be used, else a sentence saying why not.
const char *ccurl_load(void);
/// The version of the libcurl that was loaded, such as `7.88.1`.
const char *ccurl_version(void);

ccurl_multi *ccurl_multi_create(void);
void ccurl_multi_free(ccurl_multi *multi);
/// Waits until something can be done, `ccurl_multi_wake` is called, or the time is over.
void ccurl_multi_wait(ccurl_multi *multi, int timeout_ms);
/// Ends a wait from any thread.
void ccurl_multi_wake(ccurl_multi *multi);
/// Does what can be done now. Returns false when the loop itself is broken.
bool ccurl_multi_step(ccurl_multi *multi);
/// Takes one transfer that ended; returns false when there is none.
bool ccurl_multi_next_finished(ccurl_multi *multi, ccurl_finished *finished);

/// Makes a transfer and starts it. Returns null when memory or an option fails.
ccurl_easy *ccurl_start(ccurl_multi *multi, const ccurl_request *request);
/// Goes on with a transfer whose body callback returned 0.
void ccurl_resume(ccurl_easy *easy);
/// Removes a transfer, running or ended, and frees it.
void ccurl_remove(ccurl_multi *multi, ccurl_easy *easy);

#endif
