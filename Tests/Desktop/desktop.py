#!/usr/bin/python3
"""Plays a desktop's part on the session's bus, for tests: shows notifications (org.freedesktop.Notifications) and has a panel
with a place for icons (org.kde.StatusNotifierWatcher). Obeys lines on standard input, and says as lines of JSON what it hears.

notifications on|off, watcher on|off      takes or gives up the name
capabilities WORD…                         what its notifications can do
choose NUMBER KEY, close NUMBER            a person chooses in a notification, or puts it away
item NAME                                  reads the icon of that bus name, and its menu
click NAME LINE                            a person chooses the line of the menu with that number
activate NAME                              a person clicks the icon
"""
import json
import os

import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

NOTIFICATIONS = "org.freedesktop.Notifications"
WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"


def say(what, **more):
    print(json.dumps({"what": what, **more}), flush=True)


class Notifications(dbus.service.Object):
    capabilities = ["actions", "body", "body-markup"]
    count = 0

    @dbus.service.method(NOTIFICATIONS, out_signature="as")
    def GetCapabilities(self):
        return dbus.Array(self.capabilities, signature="s")

    @dbus.service.method(NOTIFICATIONS, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, app, replaces, icon, title, body, actions, hints, expires):
        if not replaces:
            Notifications.count += 1
            replaces = Notifications.count
            say("shown", number=int(replaces), title=title, body=body, actions=[str(a) for a in actions],
                entry=str(hints.get("desktop-entry", "")))
        else:
            say("replaced", number=int(replaces), title=title, body=body)
        return replaces

    @dbus.service.method(NOTIFICATIONS, in_signature="u")
    def CloseNotification(self, number):
        say("withdrawn", number=int(number))
        self.NotificationClosed(number, 3)

    @dbus.service.signal(NOTIFICATIONS, signature="uu")
    def NotificationClosed(self, number, reason):
        pass

    @dbus.service.signal(NOTIFICATIONS, signature="us")
    def ActionInvoked(self, number, key):
        pass


class Watcher(dbus.service.Object):
    @dbus.service.method(WATCHER, in_signature="s", sender_keyword="sender")
    def RegisterStatusNotifierItem(self, name, sender):
        say("registered", name=str(name))


def plain(value):
    if isinstance(value, (dbus.Array, list)) and getattr(value, "signature", None) == "y":
        return len(value)
    if isinstance(value, (list, tuple)):
        return [plain(child) for child in value]
    if isinstance(value, dict):
        return {str(key): plain(child) for key, child in value.items()}
    if isinstance(value, bool) or isinstance(value, dbus.Boolean):
        return bool(value)
    return int(value) if isinstance(value, int) else str(value)


def lines(layout):
    number, properties, children = layout
    line = {"number": int(number), **plain(properties)}
    if children:
        line["children"] = [lines(child) for child in children]
    return line


class Desktop:
    def __init__(self):
        self.bus = dbus.SessionBus()
        self.notifications = Notifications(self.bus, "/org/freedesktop/Notifications")
        self.watcher = Watcher(self.bus, "/StatusNotifierWatcher")
        for interface in ITEM, MENU:
            self.bus.add_signal_receiver(
                lambda *arguments, member: say("signal", name=member, arguments=plain(arguments)),
                dbus_interface=interface, member_keyword="member")

    def take(self, name, is_on):
        if is_on:
            self.bus.request_name(name, dbus.bus.NAME_FLAG_DO_NOT_QUEUE)
        else:
            self.bus.release_name(name)
        say("done")

    def do_notifications(self, state):
        self.take(NOTIFICATIONS, state == "on")

    def do_watcher(self, state):
        self.take(WATCHER, state == "on")

    def do_capabilities(self, *words):
        Notifications.capabilities = list(words)
        say("done")

    def do_choose(self, number, key):
        self.notifications.ActionInvoked(int(number), key)

    def do_close(self, number):
        self.notifications.NotificationClosed(int(number), 2)

    def object(self, name, path, interface):
        return dbus.Interface(self.bus.get_object(name, path, introspect=False), interface)

    def do_item(self, name):
        properties = self.object(name, "/StatusNotifierItem", "org.freedesktop.DBus.Properties").GetAll(ITEM)
        menu = self.object(name, str(properties["Menu"]), MENU)
        revision, layout = menu.GetLayout(0, -1, dbus.Array([], signature="s"))
        say("item", item=plain(properties), revision=int(revision), menu=lines(layout))

    def do_click(self, name, number):
        menu = self.object(name, "/MenuBar", MENU)
        menu.AboutToShow(0)
        menu.Event(int(number), "clicked", dbus.Int32(0, variant_level=1), dbus.UInt32(0))

    def do_activate(self, name):
        self.object(name, "/StatusNotifierItem", ITEM).Activate(0, 0)

    heard = b""

    def obey(self, source, condition):
        heard = os.read(0, 65536)
        if not heard:
            loop.quit()
            return False
        *whole, self.heard = (self.heard + heard).split(b"\n")
        for line in whole:
            word, *rest = line.decode().split()
            try:
                getattr(self, "do_" + word)(*rest)
            except dbus.DBusException as error:
                say("error", message=str(error))
        return True


DBusGMainLoop(set_as_default=True)
loop = GLib.MainLoop()
desktop = Desktop()
GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, desktop.obey)
say("ready")
loop.run()
