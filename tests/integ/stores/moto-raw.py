"""moto's server with signatures checked over what was sent. moto 5.1 hands its signature check the
address as werkzeug shows it to people: %2F in a query is a slash again, which AWS's rules sign
encoded; so it refuses listings with a prefix by everybody who follows them (curl and restic as
well). Here botocore, which computes the wanted signature, gets the bytes of the request line."""
import sys
import urllib.parse

import flask
from moto.core.responses import ActionAuthenticatorMixin
from moto.server import main

check = ActionAuthenticatorMixin._authenticate_and_authorize_action


def check_raw(self, *args, **kwargs):
    shown = self.uri
    sent = urllib.parse.urlsplit(flask.request.environ["RAW_URI"])
    self.uri = urllib.parse.urlsplit(shown)._replace(path=sent.path, query=sent.query).geturl()
    try:
        check(self, *args, **kwargs)
    finally:
        self.uri = shown


ActionAuthenticatorMixin._authenticate_and_authorize_action = check_raw
main(sys.argv[1:])
