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


class Forms(html.parser.HTMLParser):
    """The forms of a page: where each goes, what is filled in already, and its buttons."""

    def __init__(self, page):
        super().__init__()
        self.forms = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.forms.append(
                {"action": given.get("action") or "", "method": given.get("method", "get"), "fields": {}, "buttons": []})
        elif tag in ("input", "button") and self.forms and given.get("name"):
            form, kind = self.forms[-1], given.get("type", "submit" if tag == "button" else "text")
            pair = given["name"], given.get("value") or ""
            if kind == "submit":
                form["buttons"].append(pair)
            elif kind not in ("checkbox", "radio") or "checked" in given:
                form["fields"][pair[0]] = pair[1]


class Person:
    def __init__(self, options):
        self.options = options
        self.browser = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def look(self, request):
        try:
            with self.browser.open(request, timeout=30) as reply:
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
            timeout=30).close()

    def fill(self, form):
        """Signs in, allows or denies, and types a device's code; None when there is nothing to decide."""
        fields, options = form["fields"], self.options
        if "password" in fields:
            fields.update(username=options.user, password=options.password)
        elif "user_code" in fields:
            fields["user_code"] = options.code or fields["user_code"]
        elif not options.deny or dict(form["buttons"]).keys() == {"action"}:
            wanted = "deny" if options.deny else "accept"
            allow = [pair for pair in form["buttons"] if pair in (("action", wanted),) or pair[0] == "allow"]
            if not allow:
                return None
            fields.update(allow[:1])
        return fields

    def go(self, address):
        request = address
        for _ in range(12):
            address, page = self.look(request)
            if urllib.parse.urlsplit(address).path == "/login.html":
                if "prompt=deviceComplete" in address:
                    return
                request = self.by_script(address)
                continue
            forms = Forms(page).forms
            fields = self.fill(forms[0]) if forms else None
            if fields is None:
                return
            data = urllib.parse.urlencode(fields).encode()
            # Django compares the referrer of forms, as browsers send it.
            request = urllib.request.Request(
                urllib.parse.urljoin(address, forms[0]["action"]), data=data, headers={"Referer": address})
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
