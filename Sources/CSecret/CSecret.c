// Few functions of glib, gio and libsecret are needed; they are declared here, since the headers are not there where omlx
// is only built, and a test holds the declarations to the real ones.
#include "CSecret.h"

#include "Declarations.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE "org.freedesktop.secrets"
#define ROOT "/org/freedesktop/secrets"
#define SERVICE_INTERFACE "org.freedesktop.Secret.Service"
#define COLLECTION_INTERFACE "org.freedesktop.Secret.Collection"
#define ITEM_INTERFACE "org.freedesktop.Secret.Item"
#define PROMPT_INTERFACE "org.freedesktop.Secret.Prompt"
// Of GNOME Keyring; oo7 has it too.
#define PASSWORD_INTERFACE "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

#define FUNCTION(name) static __typeof__(&name) p_##name;
CSECRET_FUNCTIONS(FUNCTION)
#undef FUNCTION

static pthread_once_t loaded = PTHREAD_ONCE_INIT;
static bool is_loaded;

static void load(void) {
  // libsecret brings gio, gobject and glib with it; RTLD_GLOBAL would show them to all other libraries.
  void *library = dlopen("libsecret-1.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  bool is_complete = true;
#define FUNCTION(name)                             \
  p_##name = (__typeof__(p_##name))dlsym(library, #name); \
  is_complete = is_complete && p_##name;
  CSECRET_FUNCTIONS(FUNCTION)
#undef FUNCTION
  is_loaded = is_complete;
}

struct csecret_session {
  SecretService *service;
  GDBusConnection *connection;
  GCancellable *cancellable;
  int timeout_ms;
  bool is_flawed;
  bool is_gone;
};

// The process's own connection, kept to its end: KeePassXC gives what a person allowed to the connection it was asked on.
static pthread_mutex_t kept_mutex = PTHREAD_MUTEX_INITIALIZER;
static GDBusConnection *kept;

static void say(csecret_reason *reason, const char *text) { snprintf(reason->text, sizeof reason->text, "%s", text); }

// What an error means. Frees it.
static csecret_status failure(csecret_session *session, GError *error, csecret_reason *reason) {
  if (!error) {
    say(reason, "no answer and no error");
    return CSECRET_FAILED;
  }
  say(reason, error->message ? error->message : "");
  csecret_status status = CSECRET_FAILED;
  char *remote = p_g_dbus_error_get_remote_error(error);
  const char *name = remote ? remote : "";
  if (!strcmp(name, "org.freedesktop.DBus.Error.ServiceUnknown") ||
      !strcmp(name, "org.freedesktop.DBus.Error.NameHasNoOwner") ||
      !strncmp(name, "org.freedesktop.DBus.Error.Spawn.", 33))
    status = CSECRET_NO_PROVIDER;
  // The bus says it when the program that was asked has gone; a limit of time is glib's own, below.
  else if (!strcmp(name, "org.freedesktop.DBus.Error.NoReply"))
    status = CSECRET_GONE;
  else if (!strcmp(name, "org.freedesktop.DBus.Error.Timeout") || !strcmp(name, "org.freedesktop.DBus.Error.TimedOut"))
    status = CSECRET_TIMEOUT;
  else if (!strcmp(name, "org.freedesktop.Secret.Error.IsLocked"))
    status = CSECRET_PROMPT;
  else if (!strcmp(name, "org.gnome.keyring.Error.Denied"))
    status = CSECRET_DENIED;
  else if (!strcmp(name, "org.freedesktop.DBus.Error.UnknownMethod") ||
           !strcmp(name, "org.freedesktop.DBus.Error.UnknownInterface"))
    status = CSECRET_UNSUPPORTED;
  // The second is what KWallet says when it could not unseal a secret.
  else if (!strcmp(name, "org.freedesktop.Secret.Error.NoSession") ||
           !strcmp(name, "org.qtproject.QtDBus.Error.InvalidObjectPath"))
    status = CSECRET_NO_SESSION;
  else if (error->domain == p_g_io_error_quark()) {
    if (error->code == G_IO_ERROR_TIMED_OUT || error->code == G_IO_ERROR_CANCELLED) status = CSECRET_TIMEOUT;
    else if (!remote) status = CSECRET_NO_BUS;
  }
  p_g_free(remote);
  p_g_error_free(error);
  if (status == CSECRET_GONE) session->is_gone = true;
  return status;
}

csecret_status csecret_open(int timeout_ms, csecret_session **result, csecret_reason *reason) {
  *result = NULL;
  reason->text[0] = 0;
  pthread_once(&loaded, load);
  if (!is_loaded) {
    say(reason, "libsecret-1.so.0 is not installed");
    return CSECRET_NO_LIBRARY;
  }
  csecret_session *session = calloc(1, sizeof *session);
  if (!session) abort();
  session->timeout_ms = timeout_ms;
  session->cancellable = p_g_cancellable_new();
  *result = session;
  return CSECRET_OK;
}

// Keeps a connection in the place of the one before; NULL keeps none.
static void keep(GDBusConnection *connection) {
  pthread_mutex_lock(&kept_mutex);
  GDBusConnection *old = kept;
  kept = connection ? p_g_object_ref(connection) : NULL;
  pthread_mutex_unlock(&kept_mutex);
  if (old) p_g_object_unref(old);
}

// The connection all sessions of the process share.
static GDBusConnection *shared_connection(csecret_session *session, GError **error) {
  GDBusConnection *connection = p_g_bus_get_sync(G_BUS_TYPE_SESSION, session->cancellable, error);
  if (connection && p_g_dbus_connection_is_closed(connection)) {
    // The bus has ended since. glib gives the old connection as long as it is held, and until what it has to say about
    // that was heard.
    keep(NULL);
    p_g_object_unref(connection);
    while (p_g_main_context_iteration(NULL, 0)) {
    }
    connection = p_g_bus_get_sync(G_BUS_TYPE_SESSION, session->cancellable, error);
  }
  if (connection) keep(connection);
  return connection;
}

// A connection of its own: another client, for the keyring.
static GDBusConnection *own_connection(csecret_session *session, GError **error) {
  char *address = p_g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SESSION, session->cancellable, error);
  if (!address) return NULL;
  GDBusConnection *connection = p_g_dbus_connection_new_for_address_sync(
      address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
      session->cancellable, error);
  p_g_free(address);
  return connection;
}

static csecret_status connect_bus(csecret_session *session, csecret_reason *reason) {
  reason->text[0] = 0;
  if (session->connection) return CSECRET_OK;
  GError *error = NULL;
  session->connection = shared_connection(session, &error);
  if (!session->connection) {
    csecret_status status = failure(session, error, reason);
    return status == CSECRET_FAILED ? CSECRET_NO_BUS : status;
  }
  // A bus that ends would otherwise end this process.
  p_g_dbus_connection_set_exit_on_close(session->connection, 0);
  return CSECRET_OK;
}

// Connects on first use, so that `csecret_cancel` reaches this too.
static csecret_status connect_session(csecret_session *session, csecret_reason *reason) {
  reason->text[0] = 0;
  if (session->service) return CSECRET_OK;
  csecret_status status = connect_bus(session, reason);
  if (status) return status;
  GError *error = NULL;
  session->service = p_secret_service_open_sync(p_secret_service_get_type(), NULL, SECRET_SERVICE_OPEN_SESSION,
                                                session->cancellable, &error);
  if (session->service) return CSECRET_OK;
  if (error) {
    status = failure(session, error, reason);
    session->is_flawed = status == CSECRET_FAILED;
    return status;
  }
  // No service and no error is what libsecret says when no provider is there.
  say(reason, "nobody answers as " SERVICE);
  return CSECRET_NO_PROVIDER;
}

void csecret_cancel(csecret_session *session) { p_g_cancellable_cancel(session->cancellable); }

bool csecret_is_flawed(const csecret_session *session) { return session->is_flawed; }

bool csecret_is_gone(const csecret_session *session) { return session->is_gone; }

void csecret_close(csecret_session *session) {
  if (!session) return;
  if (session->service) p_g_object_unref(session->service);
  if (session->connection) p_g_object_unref(session->connection);
  p_g_object_unref(session->cancellable);
  free(session);
}

// A call to a program on a bus. The parameters' reference is taken.
static csecret_status call_on(csecret_session *session, GDBusConnection *connection, const char *name, const char *path,
                              const char *interface, const char *method, GVariant *parameters, GDBusCallFlags flags,
                              GVariant **reply, csecret_reason *reason) {
  GError *error = NULL;
  *reply = p_g_dbus_connection_call_sync(connection, name, path, interface, method, parameters, NULL, flags,
                                         session->timeout_ms, session->cancellable, &error);
  return *reply ? CSECRET_OK : failure(session, error, reason);
}

static csecret_status call_to(csecret_session *session, const char *name, const char *path, const char *interface,
                              const char *method, GVariant *parameters, GDBusCallFlags flags, GVariant **reply,
                              csecret_reason *reason) {
  return call_on(session, session->connection, name, path, interface, method, parameters, flags, reply, reason);
}

static csecret_status call(csecret_session *session, const char *path, const char *interface, const char *method,
                           GVariant *parameters, GVariant **reply, csecret_reason *reason) {
  return call_to(session, SERVICE, path, interface, method, parameters, G_DBUS_CALL_FLAGS_NONE, reply, reason);
}

// A reply of another shape than the specification's is no reply.
static csecret_status checked(GVariant **reply, const char *type, csecret_reason *reason) {
  if (!strcmp(p_g_variant_get_type_string(*reply), type)) return CSECRET_OK;
  p_g_variant_unref(*reply);
  *reply = NULL;
  say(reason, "the provider's answer has another shape than the specification says");
  return CSECRET_FAILED;
}

// The path of the default collection, to be freed with g_free.
static csecret_status default_alias(csecret_session *session, char **path, csecret_reason *reason) {
  *path = NULL;
  GVariant *reply;
  csecret_status status = call(session, ROOT, SERVICE_INTERFACE, "ReadAlias", p_g_variant_new("(s)", "default"), &reply, reason);
  if (status || (status = checked(&reply, "(o)", reason))) return status;
  p_g_variant_get(reply, "(o)", path);
  p_g_variant_unref(reply);
  if (strcmp(*path, "/")) return CSECRET_OK;
  p_g_free(*path);
  *path = NULL;
  say(reason, "there is no default collection");
  return CSECRET_NO_COLLECTION;
}

static csecret_status default_collection(csecret_session *session, char **path, csecret_reason *reason) {
  *path = NULL;
  csecret_status status = connect_session(session, reason);
  return status ? status : default_alias(session, path, reason);
}

// A property of this type.
static csecret_status property(csecret_session *session, const char *path, const char *interface, const char *name,
                               const char *type, GVariant **value, csecret_reason *reason) {
  GVariant *reply;
  csecret_status status =
      call(session, path, PROPERTIES_INTERFACE, "Get", p_g_variant_new("(ss)", interface, name), &reply, reason);
  if (status || (status = checked(&reply, "(v)", reason))) return status;
  p_g_variant_get(reply, "(v)", value);
  p_g_variant_unref(reply);
  return checked(value, type, reason);
}

// How often a watch looks whether the bus is still there.
#define CSECRET_LOOK_MS 5000

// What is waited for while a prompt is carried out.
typedef struct {
  GVariant *answer;
  bool is_over;
  bool is_gone;
} csecret_wait;

static void completed(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                      const char *signal, GVariant *parameters, void *data) {
  (void)connection, (void)sender, (void)path, (void)interface, (void)signal;
  csecret_wait *wait = data;
  if (!wait->answer && !strcmp(p_g_variant_get_type_string(parameters), "(bv)")) wait->answer = p_g_variant_ref(parameters);
  wait->is_over = true;
}

static void vanished(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                     const char *signal, GVariant *parameters, void *data) {
  (void)connection, (void)sender, (void)path, (void)interface, (void)signal, (void)parameters;
  csecret_wait *wait = data;
  wait->is_over = wait->is_gone = true;
}

static gboolean ended(void *data) {
  ((csecret_wait *)data)->is_over = true;
  return 1;
}

static gboolean ended_early(GCancellable *cancellable, void *data) {
  (void)cancellable;
  return ended(data);
}

// The unique name of who answers now, to be freed.
static csecret_status provider(csecret_session *session, char **owner, csecret_reason *reason) {
  GVariant *reply;
  csecret_status status =
      call_to(session, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner",
              p_g_variant_new("(s)", SERVICE), G_DBUS_CALL_FLAGS_NONE, &reply, reason);
  if (status || (status = checked(&reply, "(s)", reason))) return status;
  p_g_variant_get(reply, "(s)", owner);
  p_g_variant_unref(reply);
  return CSECRET_OK;
}

// Carries out what the provider put behind a prompt, and waits so long for its end: some put everything behind one, and
// ask no person. One that does ask is not taken back when time is over: that ends GNOME Keyring. The result has to be
// freed.
static csecret_status carry_out(csecret_session *session, const char *prompt, int wait_ms, GVariant **result,
                                csecret_reason *reason) {
  *result = NULL;
  char *owner;
  csecret_status status = provider(session, &owner, reason);
  if (status) return status;
  csecret_wait wait = {NULL, false, false};
  GMainContext *context = p_g_main_context_new();
  p_g_main_context_push_thread_default(context);
  unsigned heard = p_g_dbus_connection_signal_subscribe(session->connection, owner, PROMPT_INTERFACE, "Completed", prompt,
                                                        NULL, 0, completed, &wait, NULL);
  unsigned gone = p_g_dbus_connection_signal_subscribe(session->connection, "org.freedesktop.DBus", "org.freedesktop.DBus",
                                                       "NameOwnerChanged", "/org/freedesktop/DBus", owner, 0, vanished,
                                                       &wait, NULL);
  GSource *timer = p_g_timeout_source_new((unsigned)wait_ms);
  p_g_source_set_callback(timer, ended, &wait, NULL);
  p_g_source_attach(timer, context);
  GSource *stop = p_g_cancellable_source_new(session->cancellable);
  // As glib has it: the source calls a function of its own type.
  p_g_source_set_callback(stop, (GSourceFunc)(void (*)(void))ended_early, &wait, NULL);
  p_g_source_attach(stop, context);
  GVariant *reply;
  status = call(session, prompt, PROMPT_INTERFACE, "Prompt", p_g_variant_new("(s)", ""), &reply, reason);
  if (!status) {
    p_g_variant_unref(reply);
    while (!wait.is_over) p_g_main_context_iteration(context, 1);
  }
  p_g_dbus_connection_signal_unsubscribe(session->connection, heard);
  p_g_dbus_connection_signal_unsubscribe(session->connection, gone);
  p_g_source_destroy(timer);
  p_g_source_unref(timer);
  p_g_source_destroy(stop);
  p_g_source_unref(stop);
  while (p_g_main_context_iteration(context, 0)) {
  }
  p_g_main_context_pop_thread_default(context);
  p_g_main_context_unref(context);
  p_g_free(owner);
  if (!status && !wait.answer) {
    say(reason, wait.is_gone ? "it left the bus" : "it waits for a person");
    status = wait.is_gone ? CSECRET_GONE : CSECRET_PROMPT;
    session->is_gone = session->is_gone || wait.is_gone;
  }
  if (status) {
    if (wait.answer) p_g_variant_unref(wait.answer);
    return status;
  }
  gboolean dismissed = 1;
  p_g_variant_get(wait.answer, "(bv)", &dismissed, result);
  p_g_variant_unref(wait.answer);
  if (!dismissed) return CSECRET_OK;
  p_g_variant_unref(*result);
  *result = NULL;
  say(reason, "it, or somebody it asked, said no");
  return CSECRET_PROMPT;
}

// Unlocks these, and carries out the prompt the provider puts before it.
static csecret_status unlock(csecret_session *session, const char *const paths[], int wait_ms, csecret_reason *reason) {
  GVariantBuilder *builder = p_g_variant_builder_new((const GVariantType *)"ao");
  for (size_t i = 0; paths[i]; i++) p_g_variant_builder_add(builder, "o", paths[i]);
  GVariant *list = p_g_variant_builder_end(builder);
  p_g_variant_builder_unref(builder);
  GVariant *reply;
  csecret_status status =
      call(session, ROOT, SERVICE_INTERFACE, "Unlock", p_g_variant_new_tuple(&list, 1), &reply, reason);
  if (status || (status = checked(&reply, "(aoo)", reason))) return status;
  GVariant *prompt = p_g_variant_get_child_value(reply, 1);
  if (strcmp(p_g_variant_get_string(prompt, NULL), "/")) {
    GVariant *result;
    status = carry_out(session, p_g_variant_get_string(prompt, NULL), wait_ms, &result, reason);
    if (!status) p_g_variant_unref(result);
  }
  p_g_variant_unref(prompt);
  p_g_variant_unref(reply);
  return status;
}

csecret_status csecret_unlock(csecret_session *session, int wait_ms, csecret_reason *reason) {
  char *path;
  csecret_status status = default_collection(session, &path, reason);
  if (status) return status;
  const char *paths[] = {path, NULL};
  status = unlock(session, paths, wait_ms, reason);
  p_g_free(path);
  return status;
}

csecret_status csecret_unlock_items(csecret_session *session, const char *const paths[], int wait_ms,
                                    csecret_reason *reason) {
  csecret_status status = connect_session(session, reason);
  return status ? status : unlock(session, paths, wait_ms, reason);
}

// Whether the collection is a wallet that KWallet has open: its Secret Service calls it locked until it is unlocked
// there too, which asks no person then. False for every other provider, and when it cannot be told.
static bool is_open_wallet(csecret_session *session, const char *collection) {
  static const char *const modules[] = {"/modules/kwalletd5", "/modules/kwalletd6"};
  csecret_reason unheard;
  char *owner;
  GVariant *label;
  bool is_open = false;
  if (provider(session, &owner, &unheard)) return false;
  if (!property(session, collection, COLLECTION_INTERFACE, "Label", "s", &label, &unheard)) {
    for (size_t i = 0; i < sizeof modules / sizeof *modules && !is_open; i++) {
      GVariant *reply;
      // To the unique name, so that nothing is started.
      if (call_to(session, owner, modules[i], "org.kde.KWallet", "isOpen",
                  p_g_variant_new("(s)", p_g_variant_get_string(label, NULL)), G_DBUS_CALL_FLAGS_NO_AUTO_START, &reply,
                  &unheard) ||
          checked(&reply, "(b)", &unheard))
        continue;
      GVariant *value = p_g_variant_get_child_value(reply, 0);
      is_open = p_g_variant_get_boolean(value) != 0;
      p_g_variant_unref(value);
      p_g_variant_unref(reply);
    }
    p_g_variant_unref(label);
  }
  p_g_free(owner);
  return is_open;
}

static csecret_status boolean(csecret_session *session, const char *path, const char *interface, const char *name,
                              bool *result, csecret_reason *reason) {
  GVariant *value;
  csecret_status status = property(session, path, interface, name, "b", &value, reason);
  if (status) return status;
  *result = p_g_variant_get_boolean(value) != 0;
  p_g_variant_unref(value);
  return CSECRET_OK;
}

csecret_status csecret_is_locked(csecret_session *session, bool *is_locked, csecret_reason *reason) {
  char *path;
  csecret_status status = default_collection(session, &path, reason);
  if (status) return status;
  status = boolean(session, path, COLLECTION_INTERFACE, "Locked", is_locked, reason);
  if (!status && *is_locked && is_open_wallet(session, path)) {
    const char *paths[] = {path, NULL};
    csecret_reason unheard;
    (void)unlock(session, paths, session->timeout_ms / 3, &unheard);
    status = boolean(session, path, COLLECTION_INTERFACE, "Locked", is_locked, reason);
  }
  p_g_free(path);
  return status;
}

csecret_status csecret_glance(csecret_session *session, bool *is_locked, csecret_reason *reason) {
  *is_locked = false;
  csecret_status status = connect_bus(session, reason);
  if (status) return status;
  char *owner;
  // Who is not there is not started for a look.
  if ((status = provider(session, &owner, reason))) return status;
  p_g_free(owner);
  char *path;
  if ((status = default_alias(session, &path, reason))) return status;
  status = boolean(session, path, COLLECTION_INTERFACE, "Locked", is_locked, reason);
  if (!status && *is_locked && is_open_wallet(session, path)) *is_locked = false;
  p_g_free(path);
  return status;
}

// How many items are looked at: one that asks before it gives out one, asks before it gives out any.
#define CSECRET_LOOKED_AT 4

csecret_status csecret_withholds_items(csecret_session *session, bool *withholds, csecret_reason *reason) {
  *withholds = false;
  char *path;
  csecret_status status = default_collection(session, &path, reason);
  if (status) return status;
  GVariant *items;
  status = property(session, path, COLLECTION_INTERFACE, "Items", "ao", &items, reason);
  p_g_free(path);
  if (status) return status;
  for (size_t i = 0; i < p_g_variant_n_children(items) && i < CSECRET_LOOKED_AT && !*withholds && !status; i++) {
    GVariant *item = p_g_variant_get_child_value(items, i);
    status = boolean(session, p_g_variant_get_string(item, NULL), ITEM_INTERFACE, "Locked", withholds, reason);
    // One that was removed meanwhile.
    if (status == CSECRET_FAILED || status == CSECRET_UNSUPPORTED) status = CSECRET_OK;
    p_g_variant_unref(item);
  }
  p_g_variant_unref(items);
  return status;
}

csecret_status csecret_takes_password(csecret_session *session, bool *takes, csecret_reason *reason) {
  csecret_status status = connect_session(session, reason);
  if (status) return status;
  GVariant *reply;
  status = call(session, ROOT, "org.freedesktop.DBus.Introspectable", "Introspect", NULL, &reply, reason);
  if (status || (status = checked(&reply, "(s)", reason))) return status;
  GVariant *text = p_g_variant_get_child_value(reply, 0);
  *takes = strstr(p_g_variant_get_string(text, NULL), "\"" PASSWORD_INTERFACE "\"") != NULL;
  p_g_variant_unref(text);
  p_g_variant_unref(reply);
  return CSECRET_OK;
}

csecret_status csecret_unlock_with(csecret_session *session, const uint8_t *password, size_t length,
                                   csecret_reason *reason) {
  char *path;
  csecret_status status = default_collection(session, &path, reason);
  if (status) return status;
  SecretValue *value = p_secret_value_new((const char *)password, (ptrdiff_t)length, "text/plain");
  GVariant *parts[] = {p_g_variant_new_object_path(path), p_secret_service_encode_dbus_secret(session->service, value)};
  p_secret_value_unref(value);
  p_g_free(path);
  GVariant *reply;
  status = call(session, ROOT, PASSWORD_INTERFACE, "UnlockWithMasterPassword", p_g_variant_new_tuple(parts, 2), &reply,
                reason);
  if (!status) p_g_variant_unref(reply);
  return status;
}

typedef struct {
  csecret_change told;
  void *context;
} csecret_listener;

static void changed(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                    const char *signal, GVariant *parameters, void *data) {
  (void)connection, (void)sender, (void)path, (void)interface, (void)signal, (void)parameters;
  csecret_listener *listener = data;
  listener->told(listener->context);
}

static gboolean goes_on(void *data) {
  (void)data;
  return 1;
}

csecret_status csecret_watch(csecret_session *session, csecret_change told, void *context, csecret_reason *reason) {
  csecret_status status = connect_session(session, reason);
  if (status) return status;
  csecret_listener listener = {told, context};
  csecret_wait wait = {NULL, false, false};
  GMainContext *loop = p_g_main_context_new();
  p_g_main_context_push_thread_default(loop);
  // By the well-known name: a keyring that is started anew is heard too.
  unsigned heard = p_g_dbus_connection_signal_subscribe(session->connection, SERVICE, COLLECTION_INTERFACE, NULL, NULL, NULL,
                                                        0, changed, &listener, NULL);
  GSource *stop = p_g_cancellable_source_new(session->cancellable);
  p_g_source_set_callback(stop, (GSourceFunc)(void (*)(void))ended_early, &wait, NULL);
  p_g_source_attach(stop, loop);
  GSource *clock = p_g_timeout_source_new(CSECRET_LOOK_MS);
  p_g_source_set_callback(clock, goes_on, NULL, NULL);
  p_g_source_attach(clock, loop);
  while (!wait.is_over && !p_g_dbus_connection_is_closed(session->connection)) p_g_main_context_iteration(loop, 1);
  p_g_source_destroy(clock);
  p_g_source_unref(clock);
  p_g_dbus_connection_signal_unsubscribe(session->connection, heard);
  p_g_source_destroy(stop);
  p_g_source_unref(stop);
  while (p_g_main_context_iteration(loop, 0)) {
  }
  p_g_main_context_pop_thread_default(loop);
  p_g_main_context_unref(loop);
  return CSECRET_OK;
}

static GVariant *attribute_dictionary(const char *const attributes[]) {
  GVariantBuilder *builder = p_g_variant_builder_new((const GVariantType *)"a{ss}");
  for (size_t i = 0; attributes[i]; i += 2) p_g_variant_builder_add(builder, "{ss}", attributes[i], attributes[i + 1]);
  GVariant *dictionary = p_g_variant_builder_end(builder);
  p_g_variant_builder_unref(builder);
  return dictionary;
}

csecret_status csecret_search(csecret_session *session, const char *const attributes[], csecret_item item, void *context,
                              csecret_reason *reason) {
  csecret_status status = connect_session(session, reason);
  if (status) return status;
  GVariant *dictionary = attribute_dictionary(attributes);
  GVariant *reply;
  status = call(session, ROOT, SERVICE_INTERFACE, "SearchItems", p_g_variant_new_tuple(&dictionary, 1), &reply, reason);
  if (status || (status = checked(&reply, "(aoao)", reason))) return status;
  for (size_t list = 0; list < 2; list++) {
    GVariant *paths = p_g_variant_get_child_value(reply, list);
    for (size_t i = 0; i < p_g_variant_n_children(paths); i++) {
      GVariant *path = p_g_variant_get_child_value(paths, i);
      item(context, p_g_variant_get_string(path, NULL), list == 1);
      p_g_variant_unref(path);
    }
    p_g_variant_unref(paths);
  }
  p_g_variant_unref(reply);
  return CSECRET_OK;
}

csecret_status csecret_describe(csecret_session *session, const char *path, csecret_text text, void *context,
                                csecret_reason *reason) {
  csecret_status status = connect_session(session, reason);
  if (status) return status;
  GVariant *value;
  if ((status = property(session, path, ITEM_INTERFACE, "Attributes", "a{ss}", &value, reason))) return status;
  for (size_t i = 0; i < p_g_variant_n_children(value); i++) {
    GVariant *entry = p_g_variant_get_child_value(value, i);
    const char *name, *content;
    p_g_variant_get(entry, "{&s&s}", &name, &content);
    text(context, name, content);
    p_g_variant_unref(entry);
  }
  p_g_variant_unref(value);
  // A label is for people; an item does without.
  csecret_reason unheard;
  if (property(session, path, ITEM_INTERFACE, "Label", "s", &value, &unheard)) return CSECRET_OK;
  text(context, NULL, p_g_variant_get_string(value, NULL));
  p_g_variant_unref(value);
  return CSECRET_OK;
}

csecret_status csecret_read(csecret_session *session, const char *path, csecret_bytes bytes, void *context,
                            csecret_reason *reason) {
  csecret_status status = connect_session(session, reason);
  if (status) return status;
  GVariant *reply;
  const char *own = p_secret_service_get_session_dbus_path(session->service);
  status = call(session, path, ITEM_INTERFACE, "GetSecret", p_g_variant_new("(o)", own), &reply, reason);
  if (status || (status = checked(&reply, "((oayays))", reason))) return status;
  GVariant *sealed = p_g_variant_get_child_value(reply, 0);
  SecretValue *value = p_secret_service_decode_dbus_secret(session->service, sealed);
  p_g_variant_unref(sealed);
  p_g_variant_unref(reply);
  if (!value) {
    session->is_flawed = true;
    say(reason, "the secret could not be unsealed");
    return CSECRET_FAILED;
  }
  size_t length = 0;
  const char *text = p_secret_value_get(value, &length);
  bytes(context, (const uint8_t *)text, length);
  // Wiped by libsecret.
  p_secret_value_unref(value);
  return CSECRET_OK;
}

// Reads an item over this connection, unsealed.
static csecret_status read_plainly(csecret_session *session, GDBusConnection *connection, const char *path,
                                   csecret_bytes bytes, void *context, csecret_reason *reason) {
  GVariant *reply;
  csecret_status status =
      call_on(session, connection, SERVICE, ROOT, SERVICE_INTERFACE, "OpenSession",
              p_g_variant_new("(sv)", "plain", p_g_variant_new_string("")), G_DBUS_CALL_FLAGS_NONE, &reply, reason);
  if (status || (status = checked(&reply, "(vo)", reason))) return status;
  GVariant *own = p_g_variant_get_child_value(reply, 1);
  p_g_variant_unref(reply);
  status = call_on(session, connection, SERVICE, path, ITEM_INTERFACE, "GetSecret",
                   p_g_variant_new("(o)", p_g_variant_get_string(own, NULL)), G_DBUS_CALL_FLAGS_NONE, &reply, reason);
  p_g_variant_unref(own);
  if (status || (status = checked(&reply, "((oayays))", reason))) return status;
  GVariant *secret = p_g_variant_get_child_value(reply, 0);
  GVariant *value = p_g_variant_get_child_value(secret, 2);
  size_t count = 0;
  const uint8_t *text = p_g_variant_get_fixed_array(value, &count, 1);
  bytes(context, text, count);
  p_g_variant_unref(value);
  p_g_variant_unref(secret);
  p_g_variant_unref(reply);
  return CSECRET_OK;
}

csecret_status csecret_read_apart(csecret_session *session, const char *path, csecret_bytes bytes, void *context,
                                  csecret_reason *reason) {
  reason->text[0] = 0;
  GError *error = NULL;
  GDBusConnection *connection = own_connection(session, &error);
  if (!connection) {
    csecret_status status = failure(session, error, reason);
    return status == CSECRET_FAILED ? CSECRET_NO_BUS : status;
  }
  p_g_dbus_connection_set_exit_on_close(connection, 0);
  csecret_status status = read_plainly(session, connection, path, bytes, context, reason);
  p_g_dbus_connection_close(connection, NULL, NULL, NULL);
  p_g_object_unref(connection);
  return status;
}

csecret_status csecret_create(csecret_session *session, const char *label, const char *const attributes[],
                              const uint8_t *bytes, size_t length, char *result, size_t size, csecret_reason *reason) {
  char *collection;
  csecret_status status = default_collection(session, &collection, reason);
  if (status) return status;
  SecretValue *value = p_secret_value_new((const char *)bytes, (ptrdiff_t)length, "application/json");
  GVariant *sealed = p_secret_service_encode_dbus_secret(session->service, value);
  p_secret_value_unref(value);
  GVariantBuilder *builder = p_g_variant_builder_new((const GVariantType *)"a{sv}");
  p_g_variant_builder_add(builder, "{sv}", ITEM_INTERFACE ".Label", p_g_variant_new_string(label));
  p_g_variant_builder_add(builder, "{sv}", ITEM_INTERFACE ".Attributes", attribute_dictionary(attributes));
  GVariant *parts[] = {p_g_variant_builder_end(builder), sealed, p_g_variant_new_boolean(1)};
  p_g_variant_builder_unref(builder);
  GVariant *reply;
  status = call(session, collection, COLLECTION_INTERFACE, "CreateItem", p_g_variant_new_tuple(parts, 3), &reply, reason);
  p_g_free(collection);
  if (status == CSECRET_NO_SESSION) session->is_flawed = true;
  if (status || (status = checked(&reply, "(oo)", reason))) return status;
  const char *path, *prompt;
  p_g_variant_get(reply, "(&o&o)", &path, &prompt);
  GVariant *late = NULL;
  if (!strcmp(path, "/") && strcmp(prompt, "/")) {
    status = carry_out(session, prompt, session->timeout_ms / 2, &late, reason);
    if (!status && !strcmp(p_g_variant_get_type_string(late), "o")) path = p_g_variant_get_string(late, NULL);
  }
  if (!status && !strcmp(path, "/")) {
    say(reason, "no item was made");
    status = CSECRET_FAILED;
  }
  if (!status) snprintf(result, size, "%s", path);
  if (late) p_g_variant_unref(late);
  p_g_variant_unref(reply);
  return status;
}

csecret_status csecret_update(csecret_session *session, const char *path, const char *const attributes[],
                              const uint8_t *bytes, size_t length, csecret_reason *reason) {
  csecret_status status = connect_session(session, reason);
  if (status) return status;
  SecretValue *value = p_secret_value_new((const char *)bytes, (ptrdiff_t)length, "application/json");
  GVariant *sealed = p_secret_service_encode_dbus_secret(session->service, value);
  p_secret_value_unref(value);
  GVariant *reply;
  status = call(session, path, ITEM_INTERFACE, "SetSecret", p_g_variant_new_tuple(&sealed, 1), &reply, reason);
  if (status) return status;
  p_g_variant_unref(reply);
  status = call(session, path, PROPERTIES_INTERFACE, "Set",
                p_g_variant_new("(ssv)", ITEM_INTERFACE, "Attributes", attribute_dictionary(attributes)), &reply, reason);
  if (!status) p_g_variant_unref(reply);
  return status;
}

csecret_status csecret_delete(csecret_session *session, const char *path, int wait_ms, csecret_reason *reason) {
  csecret_status status = connect_session(session, reason);
  if (status) return status;
  GVariant *reply;
  status = call(session, path, ITEM_INTERFACE, "Delete", NULL, &reply, reason);
  if (status || (status = checked(&reply, "(o)", reason))) return status;
  const char *prompt;
  p_g_variant_get(reply, "(&o)", &prompt);
  if (strcmp(prompt, "/")) {
    GVariant *late;
    status = carry_out(session, prompt, wait_ms > 0 ? wait_ms : session->timeout_ms / 2, &late, reason);
    if (!status) p_g_variant_unref(late);
  }
  p_g_variant_unref(reply);
  return status;
}
