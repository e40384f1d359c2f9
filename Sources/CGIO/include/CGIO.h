// A message bus of D-Bus behind plain functions, which load GIO on first use: a machine without it still runs omlx.
//
// A bus has one thread: all functions but cgio_open and cgio_wake are called there, and everything it tells is told there,
// within cgio_turn and cgio_close. Nothing is started to have a bus: the address is given.
#ifndef CGIO_H
#define CGIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cgio_bus cgio_bus;
// A value of D-Bus. Those that cgio_new_… make are given away where they are used.
typedef struct cgio_value cgio_value;
// A call of an object of ours, to be answered once.
typedef struct cgio_call cgio_call;

// What a bus tells.
typedef struct {
  // The bus was reached, or a call was answered. Without a value it was not: then the name of the error, empty for one of
  // this side, and its words. The value is gone after the call.
  void (*answered)(void *context, uint64_t number, cgio_value *value, const char *error, const char *message);
  // An object of ours is called.
  void (*called)(void *context, cgio_call *call, const char *path, const char *interface, const char *method,
                 cgio_value *arguments);
  // A property of an object of ours is wanted; NULL for none.
  cgio_value *(*asked)(void *context, const char *path, const char *interface, const char *property);
  // A signal that was subscribed to.
  void (*heard)(void *context, uint64_t subscription, const char *sender, cgio_value *arguments);
} cgio_listener;

// Whether GIO is there.
bool cgio_is_there(void);

// A bus that is not connected yet; cgio_is_there comes first.
cgio_bus *cgio_open(void);
// Makes this thread the bus's, to its end.
void cgio_begin(cgio_bus *bus, const cgio_listener *listener, void *context);
// Waits until something happens, and tells it.
void cgio_turn(cgio_bus *bus);
// Ends the wait of cgio_turn, this one or the next. From any thread.
void cgio_wake(cgio_bus *bus);
// Leaves the bus, once all that was sent is on its way; what waits is answered with an error.
void cgio_close(cgio_bus *bus);

// Connects to the bus at an address, answered by that number.
void cgio_connect(cgio_bus *bus, const char *address, uint64_t number);
// Whether the bus has ended.
bool cgio_is_closed(cgio_bus *bus);
// Calls a method, answered by that number within the time.
// - starts: whether the bus may start the program that is called.
void cgio_call_method(cgio_bus *bus, const char *name, const char *path, const char *interface, const char *method,
                      cgio_value *arguments, bool starts, int timeout_ms, uint64_t number);
// Hears a signal from now on. NULL stands for any path and any first argument.
void cgio_subscribe(cgio_bus *bus, const char *sender, const char *path, const char *interface, const char *signal,
                    const char *argument, uint64_t subscription);
// Offers an object, whose interface is described in D-Bus's introspection format.
bool cgio_export(cgio_bus *bus, const char *path, const char *description);
// Says something from an object of ours.
void cgio_emit(cgio_bus *bus, const char *path, const char *interface, const char *signal, cgio_value *arguments);
// Answers a call of an object of ours: with a tuple, or an error's name and words.
void cgio_answer(cgio_call *call, cgio_value *arguments);
void cgio_refuse(cgio_call *call, const char *error, const char *message);

cgio_value *cgio_new_boolean(bool value);
cgio_value *cgio_new_byte(uint8_t value);
cgio_value *cgio_new_int32(int32_t value);
cgio_value *cgio_new_uint32(uint32_t value);
cgio_value *cgio_new_string(const char *text);
// A text that is no path is the root's.
cgio_value *cgio_new_path(const char *path);
cgio_value *cgio_new_variant(cgio_value *value);
cgio_value *cgio_new_bytes(const uint8_t *bytes, size_t count);
// - type: the elements' type.
cgio_value *cgio_new_array(const char *type, cgio_value *const *children, size_t count);
cgio_value *cgio_new_tuple(cgio_value *const *children, size_t count);
cgio_value *cgio_new_entry(cgio_value *key, cgio_value *value);

const char *cgio_type(cgio_value *value);
bool cgio_get_boolean(cgio_value *value);
uint8_t cgio_get_byte(cgio_value *value);
int32_t cgio_get_int32(cgio_value *value);
uint32_t cgio_get_uint32(cgio_value *value);
// The text, a path's too; gone with the value.
const char *cgio_get_string(cgio_value *value);
size_t cgio_count(cgio_value *value);
// A child, of a variant too; cgio_free ends it.
cgio_value *cgio_child(cgio_value *value, size_t index);
void cgio_free(cgio_value *value);

#endif
