// What is used of glib 2.74 and gio, as their headers have it.
#ifndef CGIO_DECLARATIONS_H
#define CGIO_DECLARATIONS_H

#include <stddef.h>
#include <stdint.h>

// A test compiles this after the real headers: a declaration that differs from theirs is an error then.
#ifndef CGIO_REAL_HEADERS
typedef struct _GVariant GVariant;
typedef struct _GVariantType GVariantType;
typedef struct _GObject GObject;
typedef struct _GAsyncResult GAsyncResult;
typedef struct _GCancellable GCancellable;
typedef struct _GMainContext GMainContext;
typedef struct _GDBusConnection GDBusConnection;
typedef struct _GDBusAuthObserver GDBusAuthObserver;
typedef struct _GDBusMethodInvocation GDBusMethodInvocation;
typedef struct _GDBusInterfaceInfo GDBusInterfaceInfo;
typedef struct {
  uint32_t domain;
  int code;
  char *message;
} GError;

typedef int gboolean;
typedef void *gpointer;
typedef int GDBusSignalFlags;
typedef int GDBusCallFlags;
typedef int GDBusConnectionFlags;
typedef void (*GDestroyNotify)(gpointer data);
typedef void (*GAsyncReadyCallback)(GObject *source, GAsyncResult *result, gpointer data);
typedef void (*GDBusSignalCallback)(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                                    const char *signal, GVariant *parameters, gpointer data);
typedef void (*GDBusInterfaceMethodCallFunc)(GDBusConnection *connection, const char *sender, const char *path,
                                             const char *interface, const char *method, GVariant *parameters,
                                             GDBusMethodInvocation *invocation, gpointer data);
typedef GVariant *(*GDBusInterfaceGetPropertyFunc)(GDBusConnection *connection, const char *sender, const char *path,
                                                   const char *interface, const char *property, GError **error,
                                                   gpointer data);
typedef gboolean (*GDBusInterfaceSetPropertyFunc)(GDBusConnection *connection, const char *sender, const char *path,
                                                  const char *interface, const char *property, GVariant *value,
                                                  GError **error, gpointer data);
typedef struct {
  GDBusInterfaceMethodCallFunc method_call;
  GDBusInterfaceGetPropertyFunc get_property;
  GDBusInterfaceSetPropertyFunc set_property;
  gpointer padding[8];
} GDBusInterfaceVTable;
typedef struct {
  int ref_count;
  char *path;
  GDBusInterfaceInfo **interfaces;
  void **nodes;
  void **annotations;
} GDBusNodeInfo;
enum { G_IO_ERROR_FAILED = 0, G_IO_ERROR_INVALID_ARGUMENT = 13, G_IO_ERROR_CANCELLED = 19, G_IO_ERROR_TIMED_OUT = 24 };
enum { G_DBUS_CALL_FLAGS_NONE = 0, G_DBUS_CALL_FLAGS_NO_AUTO_START = 1 << 0 };
enum {
  G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT = 1 << 0,
  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION = 1 << 3
};
#endif

void g_free(gpointer memory);
void g_error_free(GError *error);
GError *g_error_new_literal(uint32_t domain, int code, const char *message);
uint32_t g_io_error_quark(void);
void g_object_unref(gpointer object);
GCancellable *g_cancellable_new(void);
void g_cancellable_cancel(GCancellable *cancellable);
GMainContext *g_main_context_new(void);
void g_main_context_push_thread_default(GMainContext *context);
void g_main_context_pop_thread_default(GMainContext *context);
gboolean g_main_context_iteration(GMainContext *context, gboolean may_block);
void g_main_context_wakeup(GMainContext *context);
void g_main_context_unref(GMainContext *context);

GVariant *g_variant_new_boolean(gboolean value);
GVariant *g_variant_new_byte(uint8_t value);
GVariant *g_variant_new_int32(int32_t value);
GVariant *g_variant_new_uint32(uint32_t value);
GVariant *g_variant_new_string(const char *text);
GVariant *g_variant_new_object_path(const char *path);
GVariant *g_variant_new_variant(GVariant *value);
GVariant *g_variant_new_fixed_array(const GVariantType *type, const void *elements, size_t count, size_t size);
GVariant *g_variant_new_array(const GVariantType *type, GVariant *const *children, size_t count);
GVariant *g_variant_new_tuple(GVariant *const *children, size_t count);
GVariant *g_variant_new_dict_entry(GVariant *key, GVariant *value);
gboolean g_variant_is_object_path(const char *text);
const char *g_variant_get_type_string(GVariant *value);
gboolean g_variant_get_boolean(GVariant *value);
uint8_t g_variant_get_byte(GVariant *value);
int32_t g_variant_get_int32(GVariant *value);
uint32_t g_variant_get_uint32(GVariant *value);
const char *g_variant_get_string(GVariant *value, size_t *length);
size_t g_variant_n_children(GVariant *value);
GVariant *g_variant_get_child_value(GVariant *value, size_t index);
GVariant *g_variant_ref_sink(GVariant *value);
void g_variant_unref(GVariant *value);

void g_dbus_connection_new_for_address(const char *address, GDBusConnectionFlags flags, GDBusAuthObserver *observer,
                                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
GDBusConnection *g_dbus_connection_new_for_address_finish(GAsyncResult *result, GError **error);
void g_dbus_connection_set_exit_on_close(GDBusConnection *connection, gboolean exits);
gboolean g_dbus_connection_is_closed(GDBusConnection *connection);
gboolean g_dbus_connection_flush_sync(GDBusConnection *connection, GCancellable *cancellable, GError **error);
gboolean g_dbus_connection_close_sync(GDBusConnection *connection, GCancellable *cancellable, GError **error);
void g_dbus_connection_call(GDBusConnection *connection, const char *bus_name, const char *path, const char *interface,
                            const char *method, GVariant *parameters, const GVariantType *reply_type, GDBusCallFlags flags,
                            int timeout_ms, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
GVariant *g_dbus_connection_call_finish(GDBusConnection *connection, GAsyncResult *result, GError **error);
unsigned g_dbus_connection_signal_subscribe(GDBusConnection *connection, const char *sender, const char *interface,
                                            const char *signal, const char *path, const char *argument,
                                            GDBusSignalFlags flags, GDBusSignalCallback callback, gpointer data,
                                            GDestroyNotify destroy);
gboolean g_dbus_connection_emit_signal(GDBusConnection *connection, const char *destination, const char *path,
                                       const char *interface, const char *signal, GVariant *parameters, GError **error);
GDBusNodeInfo *g_dbus_node_info_new_for_xml(const char *xml, GError **error);
void g_dbus_node_info_unref(GDBusNodeInfo *info);
unsigned g_dbus_connection_register_object(GDBusConnection *connection, const char *path, GDBusInterfaceInfo *interface,
                                           const GDBusInterfaceVTable *table, gpointer data, GDestroyNotify destroy,
                                           GError **error);
void g_dbus_method_invocation_return_value(GDBusMethodInvocation *invocation, GVariant *parameters);
void g_dbus_method_invocation_return_dbus_error(GDBusMethodInvocation *invocation, const char *name, const char *message);
char *g_dbus_error_get_remote_error(const GError *error);
gboolean g_dbus_error_strip_remote_error(GError *error);

#define CGIO_FUNCTIONS(F)                                                                                              \
  F(g_free) F(g_error_free) F(g_error_new_literal) F(g_io_error_quark) F(g_object_unref) F(g_cancellable_new)          \
  F(g_cancellable_cancel) F(g_main_context_new) F(g_main_context_push_thread_default)                                  \
  F(g_main_context_pop_thread_default) F(g_main_context_iteration) F(g_main_context_wakeup) F(g_main_context_unref)    \
  F(g_variant_new_boolean) F(g_variant_new_byte) F(g_variant_new_int32) F(g_variant_new_uint32) F(g_variant_new_string) \
  F(g_variant_new_object_path) F(g_variant_new_variant) F(g_variant_new_fixed_array) F(g_variant_new_array)            \
  F(g_variant_new_tuple) F(g_variant_new_dict_entry) F(g_variant_is_object_path) F(g_variant_get_type_string)          \
  F(g_variant_get_boolean) F(g_variant_get_byte) F(g_variant_get_int32) F(g_variant_get_uint32) F(g_variant_get_string) \
  F(g_variant_n_children) F(g_variant_get_child_value) F(g_variant_ref_sink) F(g_variant_unref)                        \
  F(g_dbus_connection_new_for_address) F(g_dbus_connection_new_for_address_finish)                                     \
  F(g_dbus_connection_set_exit_on_close) F(g_dbus_connection_is_closed) F(g_dbus_connection_flush_sync)                \
  F(g_dbus_connection_close_sync) F(g_dbus_connection_call) F(g_dbus_connection_call_finish)                           \
  F(g_dbus_connection_signal_subscribe) F(g_dbus_connection_emit_signal) F(g_dbus_node_info_new_for_xml)               \
  F(g_dbus_node_info_unref) F(g_dbus_connection_register_object) F(g_dbus_method_invocation_return_value)              \
  F(g_dbus_method_invocation_return_dbus_error) F(g_dbus_error_get_remote_error) F(g_dbus_error_strip_remote_error)

#endif
