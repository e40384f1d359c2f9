// Few functions of glib and gio are needed; they are declared here, since the headers are not there where omlx is only
// built, and a test holds the declarations to the real ones.
#include "CGIO.h"

#include "Declarations.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#define FUNCTION(name) static __typeof__(&name) p_##name;
CGIO_FUNCTIONS(FUNCTION)
#undef FUNCTION

static pthread_once_t loaded = PTHREAD_ONCE_INIT;
static bool is_loaded;

static void load(void) {
  // It brings gobject and glib along; RTLD_GLOBAL would show them to all other libraries.
  void *library = dlopen("libgio-2.0.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  bool is_complete = true;
#define FUNCTION(name)                             \
  p_##name = (__typeof__(p_##name))dlsym(library, #name); \
  is_complete = is_complete && p_##name;
  CGIO_FUNCTIONS(FUNCTION)
#undef FUNCTION
  is_loaded = is_complete;
}

bool cgio_is_there(void) {
  pthread_once(&loaded, load);
  return is_loaded;
}

struct cgio_bus {
  GMainContext *context;
  GCancellable *cancellable;
  GDBusConnection *connection;
  cgio_listener listener;
  void *listener_context;
  // Calls that are not answered yet.
  size_t pending;
};

// A call under way, or a subscription.
typedef struct {
  cgio_bus *bus;
  uint64_t number;
} cgio_number;

static cgio_number *numbered(cgio_bus *bus, uint64_t number) {
  cgio_number *made = malloc(sizeof *made);
  if (!made) abort();
  *made = (cgio_number){bus, number};
  return made;
}

cgio_bus *cgio_open(void) {
  cgio_bus *bus = calloc(1, sizeof *bus);
  if (!bus) abort();
  bus->cancellable = p_g_cancellable_new();
  bus->context = p_g_main_context_new();
  return bus;
}

void cgio_begin(cgio_bus *bus, const cgio_listener *listener, void *context) {
  bus->listener = *listener;
  bus->listener_context = context;
  p_g_main_context_push_thread_default(bus->context);
}

void cgio_turn(cgio_bus *bus) { p_g_main_context_iteration(bus->context, 1); }

void cgio_wake(cgio_bus *bus) { p_g_main_context_wakeup(bus->context); }

void cgio_close(cgio_bus *bus) {
  if (bus->connection) p_g_dbus_connection_flush_sync(bus->connection, NULL, NULL);
  p_g_cancellable_cancel(bus->cancellable);
  if (bus->connection) p_g_dbus_connection_close_sync(bus->connection, NULL, NULL);
  while (bus->pending) cgio_turn(bus);
  if (bus->connection) p_g_object_unref(bus->connection);
  // What the connection had to say about its end, and what frees the subscriptions.
  while (p_g_main_context_iteration(bus->context, 0)) {
  }
  p_g_main_context_pop_thread_default(bus->context);
  p_g_main_context_unref(bus->context);
  p_g_object_unref(bus->cancellable);
  free(bus);
}

// Tells what became of a call. Takes value and error.
static void tell(void *data, GVariant *value, GError *error) {
  cgio_number *call = data;
  cgio_bus *bus = call->bus;
  char *name = error ? p_g_dbus_error_get_remote_error(error) : NULL;
  if (name) p_g_dbus_error_strip_remote_error(error);
  bus->listener.answered(bus->listener_context, call->number, (cgio_value *)value, error ? (name ? name : "") : NULL,
                         error && error->message ? error->message : "");
  p_g_free(name);
  if (error) p_g_error_free(error);
  if (value) p_g_variant_unref(value);
  bus->pending--;
  free(call);
}

static void connected(GObject *source, GAsyncResult *result, void *data) {
  (void)source;
  cgio_bus *bus = ((cgio_number *)data)->bus;
  GError *error = NULL;
  GDBusConnection *connection = p_g_dbus_connection_new_for_address_finish(result, &error);
  if (!connection) return tell(data, NULL, error);
  // A bus that ends would otherwise end this process.
  p_g_dbus_connection_set_exit_on_close(connection, 0);
  bus->connection = connection;
  tell(data, p_g_variant_ref_sink(p_g_variant_new_tuple(NULL, 0)), NULL);
}

void cgio_connect(cgio_bus *bus, const char *address, uint64_t number) {
  bus->pending++;
  p_g_dbus_connection_new_for_address(
      address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
      bus->cancellable, connected, numbered(bus, number));
}

bool cgio_is_closed(cgio_bus *bus) { return bus->connection && p_g_dbus_connection_is_closed(bus->connection); }

static void answered(GObject *source, GAsyncResult *result, void *data) {
  GError *error = NULL;
  GVariant *value = p_g_dbus_connection_call_finish((GDBusConnection *)source, result, &error);
  tell(data, value, error);
}

void cgio_call_method(cgio_bus *bus, const char *name, const char *path, const char *interface, const char *method,
                      cgio_value *arguments, bool starts, int timeout_ms, uint64_t number) {
  bus->pending++;
  p_g_dbus_connection_call(bus->connection, name, path, interface, method, (GVariant *)arguments, NULL,
                           starts ? G_DBUS_CALL_FLAGS_NONE : G_DBUS_CALL_FLAGS_NO_AUTO_START, timeout_ms,
                           bus->cancellable, answered, numbered(bus, number));
}

static void heard(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                  const char *signal, GVariant *parameters, void *data) {
  (void)connection, (void)path, (void)interface, (void)signal;
  cgio_number *subscription = data;
  cgio_bus *bus = subscription->bus;
  bus->listener.heard(bus->listener_context, subscription->number, sender ? sender : "", (cgio_value *)parameters);
}

void cgio_subscribe(cgio_bus *bus, const char *sender, const char *path, const char *interface, const char *signal,
                    const char *argument, uint64_t subscription) {
  p_g_dbus_connection_signal_subscribe(bus->connection, sender, interface, signal, path, argument, 0, heard,
                                       numbered(bus, subscription), free);
}

static void called(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                   const char *method, GVariant *parameters, GDBusMethodInvocation *invocation, void *data) {
  (void)connection, (void)sender;
  cgio_bus *bus = data;
  bus->listener.called(bus->listener_context, (cgio_call *)invocation, path, interface, method, (cgio_value *)parameters);
}

static GVariant *asked(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                       const char *property, GError **error, void *data) {
  (void)connection, (void)sender;
  cgio_bus *bus = data;
  GVariant *value = (GVariant *)bus->listener.asked(bus->listener_context, path, interface, property);
  // No value comes with an error, but where all properties are asked for.
  if (!value && error) *error = p_g_error_new_literal(p_g_io_error_quark(), G_IO_ERROR_INVALID_ARGUMENT, "there is no such property");
  return value;
}

bool cgio_export(cgio_bus *bus, const char *path, const char *description) {
  static const GDBusInterfaceVTable table = {.method_call = called, .get_property = asked};
  GDBusNodeInfo *info = p_g_dbus_node_info_new_for_xml(description, NULL);
  if (!info) return false;
  bool is_exported =
      info->interfaces && info->interfaces[0] &&
      p_g_dbus_connection_register_object(bus->connection, path, info->interfaces[0], &table, bus, NULL, NULL);
  p_g_dbus_node_info_unref(info);
  return is_exported;
}

void cgio_emit(cgio_bus *bus, const char *path, const char *interface, const char *signal, cgio_value *arguments) {
  p_g_dbus_connection_emit_signal(bus->connection, NULL, path, interface, signal, (GVariant *)arguments, NULL);
}

void cgio_answer(cgio_call *call, cgio_value *arguments) {
  p_g_dbus_method_invocation_return_value((GDBusMethodInvocation *)call, (GVariant *)arguments);
}

void cgio_refuse(cgio_call *call, const char *error, const char *message) {
  p_g_dbus_method_invocation_return_dbus_error((GDBusMethodInvocation *)call, error, message);
}

// MARK: values

#define MADE(value) ((cgio_value *)(value))

cgio_value *cgio_new_boolean(bool value) { return MADE(p_g_variant_new_boolean(value)); }
cgio_value *cgio_new_byte(uint8_t value) { return MADE(p_g_variant_new_byte(value)); }
cgio_value *cgio_new_int32(int32_t value) { return MADE(p_g_variant_new_int32(value)); }
cgio_value *cgio_new_uint32(uint32_t value) { return MADE(p_g_variant_new_uint32(value)); }
cgio_value *cgio_new_string(const char *text) { return MADE(p_g_variant_new_string(text)); }
cgio_value *cgio_new_path(const char *path) {
  return MADE(p_g_variant_new_object_path(p_g_variant_is_object_path(path) ? path : "/"));
}
cgio_value *cgio_new_variant(cgio_value *value) { return MADE(p_g_variant_new_variant((GVariant *)value)); }
// A type's text is a type for glib.
cgio_value *cgio_new_bytes(const uint8_t *bytes, size_t count) {
  return MADE(p_g_variant_new_fixed_array((const GVariantType *)"y", bytes, count, 1));
}
cgio_value *cgio_new_array(const char *type, cgio_value *const *children, size_t count) {
  return MADE(p_g_variant_new_array((const GVariantType *)type, (GVariant *const *)children, count));
}
cgio_value *cgio_new_tuple(cgio_value *const *children, size_t count) {
  return MADE(p_g_variant_new_tuple((GVariant *const *)children, count));
}
cgio_value *cgio_new_entry(cgio_value *key, cgio_value *value) {
  return MADE(p_g_variant_new_dict_entry((GVariant *)key, (GVariant *)value));
}

const char *cgio_type(cgio_value *value) { return p_g_variant_get_type_string((GVariant *)value); }
bool cgio_get_boolean(cgio_value *value) { return p_g_variant_get_boolean((GVariant *)value); }
uint8_t cgio_get_byte(cgio_value *value) { return p_g_variant_get_byte((GVariant *)value); }
int32_t cgio_get_int32(cgio_value *value) { return p_g_variant_get_int32((GVariant *)value); }
uint32_t cgio_get_uint32(cgio_value *value) { return p_g_variant_get_uint32((GVariant *)value); }
const char *cgio_get_string(cgio_value *value) { return p_g_variant_get_string((GVariant *)value, NULL); }
size_t cgio_count(cgio_value *value) { return p_g_variant_n_children((GVariant *)value); }
cgio_value *cgio_child(cgio_value *value, size_t index) {
  return MADE(p_g_variant_get_child_value((GVariant *)value, index));
}
void cgio_free(cgio_value *value) { p_g_variant_unref((GVariant *)value); }
