// What is used of glib 2.74, gio and libsecret 0.20, as their headers have it.
#ifndef CSECRET_DECLARATIONS_H
#define CSECRET_DECLARATIONS_H

#include <stddef.h>
#include <stdint.h>

// A test compiles this after the real headers: a declaration that differs from theirs is an error then.
#ifndef CSECRET_REAL_HEADERS
typedef struct _GVariant GVariant;
typedef struct _GVariantBuilder GVariantBuilder;
typedef struct _GVariantType GVariantType;
typedef struct _GCancellable GCancellable;
typedef struct _GDBusConnection GDBusConnection;
typedef struct _GMainContext GMainContext;
typedef struct _GSource GSource;
typedef struct _SecretService SecretService;
typedef struct _SecretValue SecretValue;
typedef struct {
  uint32_t domain;
  int code;
  char *message;
} GError;

typedef int gboolean;
typedef void *gpointer;
typedef size_t GType;
typedef int GBusType;
typedef int GDBusSignalFlags;
typedef gboolean (*GSourceFunc)(gpointer data);
typedef void (*GDestroyNotify)(gpointer data);
typedef void (*GDBusSignalCallback)(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                                    const char *signal, GVariant *parameters, gpointer data);
typedef int GDBusCallFlags;
typedef int GDBusConnectionFlags;
typedef struct _GDBusAuthObserver GDBusAuthObserver;
typedef void (*GAsyncReadyCallback)(gpointer source, gpointer result, gpointer data);
typedef unsigned SecretServiceFlags;
enum { G_IO_ERROR_CANCELLED = 19, G_IO_ERROR_TIMED_OUT = 24 };
enum { G_BUS_TYPE_SESSION = 2 };
enum { G_DBUS_CALL_FLAGS_NONE = 0, G_DBUS_CALL_FLAGS_NO_AUTO_START = 1 << 0 };
enum {
  G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT = 1 << 0,
  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION = 1 << 3
};
enum { SECRET_SERVICE_OPEN_SESSION = 1 << 1 };
#endif

void g_free(gpointer memory);
void g_error_free(GError *error);
uint32_t g_io_error_quark(void);
void g_object_unref(gpointer object);
gpointer (g_object_ref)(gpointer object);
GCancellable *g_cancellable_new(void);
void g_cancellable_cancel(GCancellable *cancellable);
GSource *g_cancellable_source_new(GCancellable *cancellable);
GSource *g_timeout_source_new(unsigned milliseconds);
void g_source_set_callback(GSource *source, GSourceFunc function, gpointer data, GDestroyNotify destroy);
unsigned g_source_attach(GSource *source, GMainContext *context);
void g_source_destroy(GSource *source);
void g_source_unref(GSource *source);
GMainContext *g_main_context_new(void);
void g_main_context_push_thread_default(GMainContext *context);
void g_main_context_pop_thread_default(GMainContext *context);
gboolean g_main_context_iteration(GMainContext *context, gboolean may_block);
void g_main_context_unref(GMainContext *context);

GVariant *g_variant_new(const char *format, ...);
GVariant *g_variant_new_string(const char *text);
GVariant *g_variant_new_object_path(const char *path);
GVariant *g_variant_new_boolean(gboolean value);
GVariant *g_variant_new_tuple(GVariant *const *children, size_t count);
void g_variant_get(GVariant *value, const char *format, ...);
gboolean g_variant_get_boolean(GVariant *value);
const char *g_variant_get_string(GVariant *value, size_t *length);
const char *g_variant_get_type_string(GVariant *value);
size_t g_variant_n_children(GVariant *value);
GVariant *g_variant_get_child_value(GVariant *value, size_t index);
const void *g_variant_get_fixed_array(GVariant *value, size_t *count, size_t size);
GVariant *g_variant_ref(GVariant *value);
void g_variant_unref(GVariant *value);
GVariantBuilder *g_variant_builder_new(const GVariantType *type);
void g_variant_builder_add(GVariantBuilder *builder, const char *format, ...);
GVariant *g_variant_builder_end(GVariantBuilder *builder);
void g_variant_builder_unref(GVariantBuilder *builder);

GDBusConnection *g_bus_get_sync(GBusType type, GCancellable *cancellable, GError **error);
char *g_dbus_address_get_for_bus_sync(GBusType type, GCancellable *cancellable, GError **error);
GDBusConnection *g_dbus_connection_new_for_address_sync(const char *address, GDBusConnectionFlags flags,
                                                        GDBusAuthObserver *observer, GCancellable *cancellable,
                                                        GError **error);
void g_dbus_connection_close(GDBusConnection *connection, GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer data);
gboolean g_dbus_connection_is_closed(GDBusConnection *connection);
void g_dbus_connection_set_exit_on_close(GDBusConnection *connection, gboolean exits);
GVariant *g_dbus_connection_call_sync(GDBusConnection *connection, const char *bus_name, const char *path,
                                      const char *interface, const char *method, GVariant *parameters,
                                      const GVariantType *reply_type, GDBusCallFlags flags, int timeout_ms,
                                      GCancellable *cancellable, GError **error);
unsigned g_dbus_connection_signal_subscribe(GDBusConnection *connection, const char *sender, const char *interface,
                                            const char *signal, const char *path, const char *argument,
                                            GDBusSignalFlags flags, GDBusSignalCallback callback, gpointer data,
                                            GDestroyNotify destroy);
void g_dbus_connection_signal_unsubscribe(GDBusConnection *connection, unsigned subscription);
char *g_dbus_error_get_remote_error(const GError *error);

GType secret_service_get_type(void);
SecretService *secret_service_open_sync(GType type, const char *bus_name, SecretServiceFlags flags, GCancellable *cancellable,
                                        GError **error);
const char *secret_service_get_session_dbus_path(SecretService *service);
GVariant *secret_service_encode_dbus_secret(SecretService *service, SecretValue *value);
SecretValue *secret_service_decode_dbus_secret(SecretService *service, GVariant *sealed);
SecretValue *secret_value_new(const char *secret, ptrdiff_t length, const char *content_type);
const char *secret_value_get(SecretValue *value, size_t *length);
void secret_value_unref(gpointer value);

#define CSECRET_FUNCTIONS(F)                                                                                          \
  F(g_free) F(g_error_free) F(g_io_error_quark) F(g_object_unref) F(g_cancellable_new) F(g_cancellable_cancel)        \
  F(g_variant_new) F(g_variant_new_string) F(g_variant_new_boolean) F(g_variant_new_tuple) F(g_variant_get)           \
  F(g_variant_get_boolean) F(g_variant_get_string) F(g_variant_get_type_string) F(g_variant_n_children)               \
  F(g_variant_get_child_value) F(g_variant_unref) F(g_variant_builder_new) F(g_variant_builder_add)                   \
  F(g_variant_builder_end) F(g_variant_builder_unref) F(g_bus_get_sync) F(g_dbus_connection_is_closed)               \
  F(g_dbus_connection_set_exit_on_close) F(g_object_ref) F(g_variant_get_fixed_array) F(g_dbus_address_get_for_bus_sync) \
  F(g_dbus_connection_new_for_address_sync) F(g_dbus_connection_close)                                                \
  F(g_dbus_connection_call_sync) F(g_dbus_error_get_remote_error) F(g_cancellable_source_new)                         \
  F(g_timeout_source_new) F(g_source_set_callback) F(g_source_attach) F(g_source_destroy) F(g_source_unref)           \
  F(g_main_context_new) F(g_main_context_push_thread_default) F(g_main_context_pop_thread_default)                    \
  F(g_main_context_iteration) F(g_main_context_unref) F(g_variant_new_object_path) F(g_variant_ref)                   \
  F(g_dbus_connection_signal_subscribe) F(g_dbus_connection_signal_unsubscribe) F(secret_service_get_type)            \
  F(secret_service_open_sync) F(secret_service_get_session_dbus_path) F(secret_service_encode_dbus_secret)            \
  F(secret_service_decode_dbus_secret) F(secret_value_new) F(secret_value_get) F(secret_value_unref)

#endif
