# A person at a browser: opens an address, fills in the forms that come, and follows where they lead. Scripts do not run;
# the pages of glewlwyd are nothing else, so for those the person makes the requests that they make.
# Usage: person.py [--user NAME] [--password TEXT] [--deny] [--code USER_CODE] ADDRESS
# Prints the address of every page it came to, one a line.
import argparse
import html.parser
import http.cookiejar
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

# Pages are slow where a machine has other work; the test that started the person has limits of its own.
PATIENCE = 120

# How the providers' pages call the buttons for yes and no: name and value, or the name alone.
ALLOWING = {("action", "accept"), ("action", "grant"), ("action", "confirm"), ("answer", "accept"), "allow"}
DENYING = {("action", "deny"), ("action", "cancel"), ("answer", "deny")}


class Form:
    def __init__(self, given):
        self.action, self.method = given.get("action") or "", (given.get("method") or "get").lower()
        # Names and values as they stand in the page, and the names of the fields a person types into.
        self.fields, self.typed, self.buttons = [], set(), []

    def add(self, tag, given):
        kind = (given.get("type") or ("submit" if tag == "button" else "text")).lower()
        pair = given.get("name"), given.get("value") or ""
        if kind == "submit":
            self.buttons.append(pair)
        elif pair[0] and kind not in ("button", "reset", "image") and "disabled" not in given:
            if kind in ("checkbox", "radio"):
                if "checked" in given:
                    self.fields.append((pair[0], given.get("value") or "on"))
            else:
                self.fields.append(pair)
                if kind != "hidden":
                    self.typed.add(pair[0])

    def button(self, wanted):
        return next((pair for pair in self.buttons if pair in wanted or pair[0] in wanted), None)


class Forms(html.parser.HTMLParser):
    """The forms of a page."""

    def __init__(self, page):
        super().__init__()
        self.forms = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.forms.append(Form(given))
        elif tag in ("input", "button") and self.forms:
            self.forms[-1].add(tag, given)


class Person:
    def __init__(self, options):
        self.options = options
        self.browser = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def look(self, request):
        try:
            with self.browser.open(request, timeout=PATIENCE) as reply:
                address, page = reply.url, reply.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            print(error.url, f"HTTP {error.code}", error.read(400).decode("utf-8", "replace"), file=sys.stderr)
            raise SystemExit(1) from None
        print(address, flush=True)
        return address, page

    def by_script(self, address):
        """What glewlwyd's page does: signs in, grants the scopes asked for, and goes back to where it came from."""
        place = urllib.parse.urlsplit(address)
        asked = dict(urllib.parse.parse_qsl(place.query))
        origin, options = f"{place.scheme}://{place.netloc}", self.options
        self.send("POST", origin + "/api/auth", {"username": options.user, "password": options.password})
        if "client_id" in asked:
            scope = "" if options.deny else asked["scope"]
            self.send("PUT", f"{origin}/api/auth/grant/{asked['client_id']}", {"scope": scope})
        back = asked["callback_url"]
        return back + ("&" if "?" in back else "?") + "g_continue"

    def send(self, method, address, body):
        self.browser.open(urllib.request.Request(
            address, method=method, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}),
            timeout=PATIENCE).close()

    def fill(self, forms):
        """Signs in, allows or denies, and types a device's code: a form and what it sends. None when there is nothing
        to decide."""
        known = {
            "username": self.options.user, "login": self.options.user, "sub": self.options.user,
            "password": self.options.password, "user_code": self.options.code, "code": self.options.code,
        }
        if self.options.deny:
            for form in forms:
                if button := form.button(DENYING):
                    return form, form.fields + [button]
        for form in forms:
            if form.typed & known.keys():
                return form, [(name, known.get(name) or value if name in form.typed else value)
                              for name, value in form.fields]
            if allow := form.button(ALLOWING):
                # A page without a button of its own for no takes the absence of the other for it.
                return form, form.fields + ([] if self.options.deny else [allow])
        return None

    def go(self, address):
        request = address
        for _ in range(12):
            address, page = self.look(request)
            if urllib.parse.urlsplit(address).path == "/login.html":
                if "prompt=deviceComplete" in address:
                    return
                request = self.by_script(address)
                continue
            filled = self.fill(Forms(page).forms)
            if filled is None:
                return
            form, fields = filled
            place, data = urllib.parse.urljoin(address, form.action), urllib.parse.urlencode(fields)
            if form.method == "get":
                request = urllib.parse.urlsplit(place)._replace(query=data).geturl()
            else:
                # Django compares the referrer of forms, as browsers send it.
                request = urllib.request.Request(place, data=data.encode(), headers={"Referer": address})
        sys.exit("there was one form after the other")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--user", default="ada")
    arguments.add_argument("--password", default="a-person-signs-in-7731")
    arguments.add_argument("--deny", action="store_true")
    arguments.add_argument("--code", help="the code a device shows")
    arguments.add_argument("address")
    options = arguments.parse_args()
    Person(options).go(options.address)


if __name__ == "__main__":
    main()
