"""What schemathesis asks of an answer beside its own checks."""

import schemathesis


@schemathesis.check
def meant_errors(context, response, case):
    """An error of the host itself is none; one of a server or store behind it says which, by a code of omlx's catalogue."""
    if response.status_code < 500:
        return
    body = response.json()
    # A tool that failed, as mcpo tells it.
    if set(body) == {"detail"} and "message" in body["detail"]:
        return
    assert response.status_code in (502, 503, 504) and body.get("code"), f"{response.status_code}: {body}"
