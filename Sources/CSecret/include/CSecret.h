// The Secret Service of a desktop (freedesktop.org) behind plain functions, which load libsecret on first use: a machine
// without it still runs omlx. libsecret opens the session and seals secrets on the bus; the calls themselves are made
// here, each with a limit of time, so that nothing waits for a person. Reading never asks one. Making and deleting an item
// carry out a prompt where the provider puts one before them, which asks no person unless one has set it so.
#ifndef CSECRET_H
#define CSECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// How a call ended.
typedef enum {
  CSECRET_OK = 0,
  // libsecret is not installed.
  CSECRET_NO_LIBRARY,
  // There is no session bus, or it cannot be reached.
  CSECRET_NO_BUS,
  // No program on the bus offers the Secret Service.
  CSECRET_NO_PROVIDER,
  // It did not answer in time.
  CSECRET_TIMEOUT,
  // It left the bus before it answered: what was asked of it may have been done.
  CSECRET_GONE,
  // It would have to ask a person first.
  CSECRET_PROMPT,
  // The password is wrong.
  CSECRET_DENIED,
  // It does not know the call.
  CSECRET_UNSUPPORTED,
  // There is no default collection.
  CSECRET_NO_COLLECTION,
  // It does not know the session, or could not unseal what was sealed for it.
  CSECRET_NO_SESSION,
  // Something else; the text says what.
  CSECRET_FAILED,
} csecret_status;

// A session with the Secret Service. Used by one thread at a time.
typedef struct csecret_session csecret_session;

// Why a call failed, for people. Always ended by a zero byte.
typedef struct {
  char text[256];
} csecret_reason;

// Receives an item: its D-Bus path, and whether it is locked.
typedef void (*csecret_item)(void *context, const char *path, bool is_locked);

// Receives an attribute of an item, or its label, which has no name.
typedef void (*csecret_text)(void *context, const char *name, const char *text);

// Receives the bytes of a secret, which are gone after the call.
typedef void (*csecret_bytes)(void *context, const uint8_t *bytes, size_t length);

// Told of a change.
typedef void (*csecret_change)(void *context);

// Makes a session with the Secret Service on the session bus that the process's environment names; it is opened by the
// first call. Each call on the bus may take `timeout_ms`. All sessions are one client for the keyring as long as the process
// lives.
csecret_status csecret_open(int timeout_ms, csecret_session **session, csecret_reason *reason);

// Ends whatever a call of the session waits for, from another thread.
void csecret_cancel(csecret_session *session);

// Whether the two sides could not agree on a key, or on another one each: KWallet and libsecret differ in one of some hundred
// keys, those that begin with a zero. Another session has other keys.
bool csecret_is_flawed(const csecret_session *session);

// Whether the keyring left the bus in the middle of a call of this session.
bool csecret_is_gone(const csecret_session *session);

void csecret_close(csecret_session *session);

// Whether the default collection is locked. A wallet that KWallet has open, as after a login, and that its Secret Service
// calls locked all the same is unlocked there, which asks no person.
csecret_status csecret_is_locked(csecret_session *session, bool *is_locked, csecret_reason *reason);

// Whether the keyring is there and its default collection locked. Starts, opens and asks nothing.
csecret_status csecret_glance(csecret_session *session, bool *is_locked, csecret_reason *reason);

// Whether items of the default collection, which is not locked, are locked to this client: KeePassXC can be set so, and
// is at first, that it asks a person before it gives one to a client that did not make it.
csecret_status csecret_withholds_items(csecret_session *session, bool *withholds, csecret_reason *reason);

// Whether csecret_unlock_with is something the provider knows.
csecret_status csecret_takes_password(csecret_session *session, bool *takes, csecret_reason *reason);

// Items whose attributes hold all these: names and values in turn, ended by NULL. Unlocks nothing.
csecret_status csecret_search(csecret_session *session, const char *const attributes[], csecret_item item, void *context,
                              csecret_reason *reason);

// The attributes of an item, locked or not, and at last its label.
csecret_status csecret_describe(csecret_session *session, const char *path, csecret_text text, void *context,
                                csecret_reason *reason);

// The secret of an item that is not locked.
csecret_status csecret_read(csecret_session *session, const char *path, csecret_bytes bytes, void *context,
                            csecret_reason *reason);

// As csecret_read, by a client that is another one for the keyring, and not sealed on the bus: for what is no secret.
csecret_status csecret_read_apart(csecret_session *session, const char *path, csecret_bytes bytes, void *context,
                                  csecret_reason *reason);

// Makes an item in the default collection, which is not locked; one with the very same attributes is replaced. Gives its
// path, at most `size` bytes with the zero at the end. When it fails, KWallet has an item without a secret all the same.
csecret_status csecret_create(csecret_session *session, const char *label, const char *const attributes[],
                              const uint8_t *bytes, size_t length, char *path, size_t size, csecret_reason *reason);

// Puts another secret into an item, and other attributes on it.
csecret_status csecret_update(csecret_session *session, const char *path, const char *const attributes[],
                              const uint8_t *bytes, size_t length, csecret_reason *reason);

// Unlocks the default collection, asking a person on the display for so long. For when a person is there. It may be
// unlocked all the same when this fails, and later by a person who answers late: look.
csecret_status csecret_unlock(csecret_session *session, int wait_ms, csecret_reason *reason);

// Has these items unlocked for this client, as csecret_unlock does; the list of their paths is ended by NULL.
csecret_status csecret_unlock_items(csecret_session *session, const char *const paths[], int wait_ms,
                                    csecret_reason *reason);

// Unlocks the default collection with its password, which crosses the bus sealed. GNOME Keyring's providers only.
csecret_status csecret_unlock_with(csecret_session *session, const uint8_t *password, size_t length,
                                   csecret_reason *reason);

// Tells of every item that is made, changed or removed, by any program, until csecret_cancel or the end of the bus. Takes
// the thread.
csecret_status csecret_watch(csecret_session *session, csecret_change told, void *context, csecret_reason *reason);

// Removes an item. Where a person has to agree first, waits so long for that; some time of its own for 0.
csecret_status csecret_delete(csecret_session *session, const char *path, int wait_ms, csecret_reason *reason);

// No core file is made of this process, and no other process of the user can read its memory or attach to it (prctl(2),
// PR_SET_DUMPABLE); and a crash shows nothing of it: handlers of Swift's runtime that would are taken off. Programs it starts
// are not concerned.
bool csecret_protect_memory(void);

#endif
