// libcurl behind plain functions: dlopen on first use, typed calls through __typeof__ so that the compiler checks them.
#include "CCurl.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CCURL_FUNCTIONS(X)                                                                                            \
  X(curl_global_init)                                                                                                 \
  X(curl_version_info)                                                                                                \
  X(curl_easy_init)                                                                                                   \
  X(curl_easy_setopt)                                                                                                 \
  X(curl_easy_getinfo)                                                                                                \
  X(curl_easy_strerror)                                                                                               \
  X(curl_easy_pause)                                                                                                  \
  X(curl_easy_cleanup)                                                                                                \
  X(curl_multi_init)                                                                                                  \
  X(curl_multi_setopt)                                                                                                \
  X(curl_multi_add_handle)                                                                                            \
  X(curl_multi_remove_handle)                                                                                         \
  X(curl_multi_perform)                                                                                               \
  X(curl_multi_poll)                                                                                                  \
  X(curl_multi_wakeup)                                                                                                \
  X(curl_multi_info_read)                                                                                             \
  X(curl_multi_cleanup)                                                                                               \
  X(curl_slist_append)                                                                                                \
  X(curl_slist_free_all)

// curl.h turns some of these into type-checking macros; the functions behind them are meant here.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

static struct {
#define X(name) __typeof__(&name) name;
  CCURL_FUNCTIONS(X)
#undef X
} lib;

static const char *load_failure;
static pthread_once_t load_once = PTHREAD_ONCE_INIT;

static void load(void) {
  void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    load_failure = "libcurl.so.4 is not installed";
    return;
  }
#define X(name)                                                                                                       \
  *(void **)&lib.name = dlsym(handle, #name);                                                                         \
  if (!lib.name) {                                                                                                    \
    load_failure = "the libcurl installed has no " #name;                                                             \
    return;                                                                                                           \
  }
  CCURL_FUNCTIONS(X)
#undef X
  if (lib.curl_version_info(CURLVERSION_NOW)->version_num < 0x075500) {
    load_failure = "the libcurl installed is older than 7.85";
    return;
  }
  if (lib.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) load_failure = "libcurl could not start";
}

const char *ccurl_load(void) {
  pthread_once(&load_once, load);
  return load_failure;
}

const char *ccurl_version(void) { return ccurl_load() ? "" : lib.curl_version_info(CURLVERSION_NOW)->version; }

struct ccurl_easy {
  CURL *curl;
  struct curl_slist *headers;
  void *context;
  bool (*on_open)(void *, const char *);
  bool (*on_ready)(void *, const char *);
  bool (*on_header)(void *, const char *, size_t);
  int (*on_body)(void *, const uint8_t *, size_t);
  // Of the connection, at this end.
  int port;
  char error[CURL_ERROR_SIZE];
};

ccurl_multi *ccurl_multi_create(void) {
  if (ccurl_load()) return NULL;
  CURLM *multi = lib.curl_multi_init();
  if (!multi) return NULL;
  lib.curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
  lib.curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 256L);
  return (ccurl_multi *)multi;
}

void ccurl_multi_free(ccurl_multi *multi) { lib.curl_multi_cleanup((CURLM *)multi); }

void ccurl_multi_wait(ccurl_multi *multi, int timeout_ms) {
  lib.curl_multi_poll((CURLM *)multi, NULL, 0, timeout_ms, NULL);
}

void ccurl_multi_wake(ccurl_multi *multi) { lib.curl_multi_wakeup((CURLM *)multi); }

bool ccurl_multi_step(ccurl_multi *multi) {
  int running = 0;
  return lib.curl_multi_perform((CURLM *)multi, &running) == CURLM_OK;
}

static ccurl_outcome outcome_of(CURLcode code) {
  switch (code) {
    case CURLE_OK: return ccurl_ok;
    case CURLE_COULDNT_RESOLVE_HOST: return ccurl_unresolved_host;
    case CURLE_COULDNT_RESOLVE_PROXY: return ccurl_unresolved_proxy;
    case CURLE_PROXY: return ccurl_proxy_failed;
    case CURLE_COULDNT_CONNECT: return ccurl_connect_failed;
    case CURLE_OPERATION_TIMEDOUT: return ccurl_connect_timed_out;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_CIPHER:
    case CURLE_USE_SSL_FAILED: return ccurl_tls_failed;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS: return ccurl_tls_untrusted;
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE: return ccurl_tls_bad_file;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return ccurl_closed;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: return ccurl_not_http;
    case CURLE_URL_MALFORMAT: return ccurl_bad_url;
    case CURLE_WRITE_ERROR:
    case CURLE_ABORTED_BY_CALLBACK: return ccurl_aborted;
    default: return ccurl_other;
  }
}

bool ccurl_multi_next_finished(ccurl_multi *multi, ccurl_finished *finished) {
  int left = 0;
  CURLMsg *message;
  while ((message = lib.curl_multi_info_read((CURLM *)multi, &left))) {
    if (message->msg != CURLMSG_DONE) continue;
    CURLcode code = message->data.result;
    ccurl_easy *easy = NULL;
    long os_error = 0, connect_code = 0;
    lib.curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &easy);
    lib.curl_easy_getinfo(message->easy_handle, CURLINFO_OS_ERRNO, &os_error);
    lib.curl_easy_getinfo(message->easy_handle, CURLINFO_HTTP_CONNECTCODE, &connect_code);
    finished->easy = easy;
    finished->context = easy->context;
    finished->outcome = outcome_of(code);
    // A proxy's refusal to tunnel and a TLS 1.3 server's refusal of our certificate both come as receive errors.
    if (finished->outcome == ccurl_closed && connect_code >= 300) finished->outcome = ccurl_proxy_failed;
    if (finished->outcome == ccurl_closed && strstr(easy->error, " alert ")) finished->outcome = ccurl_tls_failed;
    finished->os_error = (int)os_error;
    finished->detail = easy->error[0] ? easy->error : lib.curl_easy_strerror(code);
    return true;
  }
  return false;
}

// The sockets of the thread's connections, each with its port at this end as far as it is known (else 0): libcurl tells of a
// request under way by which port it goes, and not by which socket.
static _Thread_local struct {
  struct open_socket {
    curl_socket_t socket;
    int port;
  } *items;
  size_t count, room;
} open_sockets;

static void remember(curl_socket_t opened) {
  if (open_sockets.count == open_sockets.room) {
    size_t room = open_sockets.room ? 2 * open_sockets.room : 16;
    struct open_socket *items = reallocarray(open_sockets.items, room, sizeof *items);
    if (!items) return;
    open_sockets.items = items;
    open_sockets.room = room;
  }
  open_sockets.items[open_sockets.count++] = (struct open_socket){opened, 0};
}

static int close_socket(void *pointer, curl_socket_t closed) {
  (void)pointer;
  for (size_t index = 0; index < open_sockets.count; index++)
    if (open_sockets.items[index].socket == closed) {
      open_sockets.items[index] = open_sockets.items[--open_sockets.count];
      break;
    }
  // The thread may end after its last socket, and nothing else tells of that here.
  if (!open_sockets.count) {
    free(open_sockets.items);
    open_sockets.items = NULL;
    open_sockets.room = 0;
  }
  return close(closed);
}

static int port_of(curl_socket_t opened) {
  struct sockaddr_storage address = {0};
  socklen_t length = sizeof address;
  if (getsockname(opened, (struct sockaddr *)&address, &length)) return 0;
  if (address.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&address)->sin_port);
  if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
  return 0;
}

// Many servers write the head and the body of an answer one after the other and hold the second back until the first is
// acknowledged (RFC 896), which this end would do 40 ms later (RFC 1122 §4.2.3.2). So a head is acknowledged at once.
static void acknowledge(int port) {
  for (size_t index = 0; port && index < open_sockets.count; index++) {
    struct open_socket *known = &open_sockets.items[index];
    if (!known->port) known->port = port_of(known->socket);
    if (known->port != port) continue;
    int one = 1;
    setsockopt(known->socket, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
    return;
  }
}

static int ready_callback(void *pointer, char *remote, char *local, int remote_port, int local_port) {
  (void)local, (void)remote_port;
  ccurl_easy *easy = pointer;
  easy->port = local_port;
  return easy->on_ready(easy->context, remote ? remote : "") ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

// libcurl's own sockets would be inherited by child processes.
static curl_socket_t open_socket(void *pointer, curlsocktype purpose, struct curl_sockaddr *address) {
  ccurl_easy *easy = pointer;
  char text[INET6_ADDRSTRLEN] = "";
  const void *bytes = NULL;
  if (address->family == AF_INET) bytes = &((const struct sockaddr_in *)(const void *)&address->addr)->sin_addr;
  if (address->family == AF_INET6) bytes = &((const struct sockaddr_in6 *)(const void *)&address->addr)->sin6_addr;
  if (purpose == CURLSOCKTYPE_IPCXN && bytes && inet_ntop(address->family, bytes, text, sizeof text) &&
      !easy->on_open(easy->context, text))
    return CURL_SOCKET_BAD;
  curl_socket_t opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (opened != CURL_SOCKET_BAD) remember(opened);
  return opened;
}

static size_t header_callback(char *bytes, size_t size, size_t count, void *pointer) {
  ccurl_easy *easy = pointer;
  size_t length = size * count;
  size_t shown = length;
  while (shown > 0 && (bytes[shown - 1] == '\n' || bytes[shown - 1] == '\r')) shown--;
  if (shown == 0) acknowledge(easy->port);
  return easy->on_header(easy->context, bytes, shown) ? length : length + 1;
}

static size_t body_callback(char *bytes, size_t size, size_t count, void *pointer) {
  ccurl_easy *easy = pointer;
  size_t length = size * count;
  switch (easy->on_body(easy->context, (const uint8_t *)bytes, length)) {
    case 1: return length;
    case 0: return CURL_WRITEFUNC_PAUSE;
    default: return length + 1;
  }
}

#define SET(option, value)                                                                                            \
  do {                                                                                                                \
    if (lib.curl_easy_setopt(curl, option, value) != CURLE_OK) return false;                                          \
  } while (0)

static bool set_request(CURL *curl, ccurl_easy *easy, const ccurl_request *request) {
  SET(CURLOPT_URL, request->url);
  SET(CURLOPT_PATH_AS_IS, 1L);
  SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  SET(CURLOPT_PROTOCOLS_STR, "http,https");
  SET(CURLOPT_FOLLOWLOCATION, 0L);
  if (request->body) {
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDS, (const char *)request->body);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
  } else if (strcmp(request->method, "GET") == 0) {
    SET(CURLOPT_HTTPGET, 1L);
  }
  if (strcmp(request->method, "HEAD") == 0) {
    SET(CURLOPT_NOBODY, 1L);
  } else {
    SET(CURLOPT_CUSTOMREQUEST, request->method);
  }
  struct curl_slist *list = lib.curl_slist_append(NULL, "Expect:");
  for (size_t index = 0; list && index < request->header_count; index++) {
    struct curl_slist *longer = lib.curl_slist_append(list, request->headers[index]);
    if (!longer) lib.curl_slist_free_all(list);
    list = longer;
  }
  if (!list) return false;
  easy->headers = list;
  SET(CURLOPT_HTTPHEADER, list);
  if (request->user_agent) SET(CURLOPT_USERAGENT, request->user_agent);
  return true;
}

static bool set_connection(CURL *curl, const ccurl_request *request) {
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_TCP_KEEPALIVE, 1L);
  SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  // Over TLS the handshake tells whether requests can share the connection. Without TLS only the first answer would,
  // and a second request must not wait for that.
  SET(CURLOPT_PIPEWAIT, strncasecmp(request->url, "https:", 6) == 0 ? 1L : 0L);
  // Or giving up while a name is looked up would block the loop until the look-up ends. Since 7.87.
  (void)lib.curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_CONNECTTIMEOUT_MS, request->connect_timeout_ms);
  SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  SET(CURLOPT_PROXY, request->proxy ? request->proxy : "");
  SET(CURLOPT_NOPROXY, request->no_proxy ? request->no_proxy : "");
  if (request->ca_file) SET(CURLOPT_CAINFO, request->ca_file);
  if (request->ca_path) SET(CURLOPT_CAPATH, request->ca_path[0] ? request->ca_path : NULL);
  if (request->client_certificate) SET(CURLOPT_SSLCERT, request->client_certificate);
  if (request->client_key) SET(CURLOPT_SSLKEY, request->client_key);
  if (request->unix_socket) SET(CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
  return true;
}

static bool set_callbacks(CURL *curl, ccurl_easy *easy) {
  SET(CURLOPT_PRIVATE, easy);
  SET(CURLOPT_ERRORBUFFER, easy->error);
  SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
  SET(CURLOPT_OPENSOCKETDATA, easy);
  SET(CURLOPT_CLOSESOCKETFUNCTION, close_socket);
  SET(CURLOPT_PREREQFUNCTION, ready_callback);
  SET(CURLOPT_PREREQDATA, easy);
  SET(CURLOPT_HEADERFUNCTION, header_callback);
  SET(CURLOPT_HEADERDATA, easy);
  SET(CURLOPT_WRITEFUNCTION, body_callback);
  SET(CURLOPT_WRITEDATA, easy);
  return true;
}

static void free_easy(ccurl_easy *easy) {
  if (easy->curl) lib.curl_easy_cleanup(easy->curl);
  // Header lines may carry a bearer token.
  for (struct curl_slist *item = easy->headers; item; item = item->next) explicit_bzero(item->data, strlen(item->data));
  lib.curl_slist_free_all(easy->headers);
  free(easy);
}

ccurl_easy *ccurl_start(ccurl_multi *multi, const ccurl_request *request) {
  ccurl_easy *easy = calloc(1, sizeof *easy);
  if (!easy) return NULL;
  easy->context = request->context;
  easy->on_open = request->on_open;
  easy->on_ready = request->on_ready;
  easy->on_header = request->on_header;
  easy->on_body = request->on_body;
  easy->curl = lib.curl_easy_init();
  if (!easy->curl || !set_request(easy->curl, easy, request) || !set_connection(easy->curl, request) ||
      !set_callbacks(easy->curl, easy) || lib.curl_multi_add_handle((CURLM *)multi, easy->curl) != CURLM_OK) {
    free_easy(easy);
    return NULL;
  }
  return easy;
}

void ccurl_resume(ccurl_easy *easy) { lib.curl_easy_pause(easy->curl, CURLPAUSE_CONT); }

void ccurl_remove(ccurl_multi *multi, ccurl_easy *easy) {
  lib.curl_multi_remove_handle((CURLM *)multi, easy->curl);
  free_easy(easy);
}
