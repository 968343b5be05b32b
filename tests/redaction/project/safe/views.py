"""One view for each place that a secret can be in. `taken` hands out secrets from outside of what is recorded."""

import base64
import hmac
import json
import logging
import urllib.request
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import authenticate, get_user_model, login
from django.core import mail, signing
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse, JsonResponse
from keep import taken

from safe.models import Device

logger = logging.getLogger("safe")


@dataclass
class Account:
    name: str
    client_secret: str


def passed_on(value):
    """Bears a secret under a name that says nothing."""
    return value


def header(request):
    return JsonResponse({"got": passed_on(request.headers.get("X-Api-Key"))})


def authorization(request):
    return JsonResponse({"length": len(passed_on(request.headers["Authorization"]))})


def basic(request):
    return HttpResponse(str(len(request.headers["Authorization"])))


def cookie(request):
    return HttpResponse(passed_on(request.COOKIES["refresh_token"]))


def query(request):
    return HttpResponse(f"hello {request.GET['access_token']}")


def invite(request, token):
    return HttpResponse(f"/invite/{token}/ of {request.path}")


def form(request):
    return HttpResponse(f"you said {request.POST['new_password1']} twice")


def document(request):
    known = json.loads(request.body)
    return JsonResponse({"echo": known["user"]["password"]})


def upload(request):
    return HttpResponse(passed_on(request.POST["passphrase"]))


def variables(request):
    for number, password in enumerate(taken("variables")):
        passed_on(password)
        named(number, token=password)
    return HttpResponse("done")


def named(number, token):
    inner = {"credentials": [token], "deep": {"private_key": token}}
    return len(inner)


def objects(request):
    for secret in taken("objects"):
        account = Account("ann", secret)
        passed_on(account)
    return HttpResponse("done")


def session(request):
    request.session["api_token"] = taken("session")[0]
    request.session["more"] = {"csrf_token": taken("session")[1:]}
    return HttpResponse("kept")


def rows(request):
    return HttpResponse(",".join(sorted(device.name for device in Device.objects.all())))


def values(request):
    found = list(Device.objects.values_list("name", "api_key"))
    return HttpResponse(str(len(found)))


def written(request):
    for number, secret in enumerate(taken("written")):
        Device.objects.create(name=f"new {number}", api_key=secret, settings={"auth_token": secret})
    return HttpResponse("made")


def parameters(request):
    with connection.cursor() as cursor:
        for secret in taken("parameters"):
            cursor.execute("SELECT COUNT(*) FROM safe_device WHERE api_key = %s", [secret])
    return HttpResponse("counted")


def statement(request):
    with connection.cursor() as cursor:
        for secret in taken("statement"):
            quoted = secret.replace("'", "''").replace("%", "%%")
            cursor.execute(f"UPDATE safe_device SET webhook_secret = '{quoted}' WHERE id = 0")
    return HttpResponse("tried")


def outbound(request):
    found = 0
    for secret in taken("outbound"):
        sent = urllib.request.Request(
            request.build_absolute_uri("/upstream/"), json.dumps({"client_secret": secret}).encode(), {"Authorization": f"Bearer {secret}"}
        )
        with urllib.request.urlopen(sent, timeout=10) as answer:
            found += len(answer.read())
    return HttpResponse(str(found > 0))


def upstream(request):
    return JsonResponse({"access_token": taken("upstream")[0], "expires_in": 3600})


def fetched(request):
    with urllib.request.urlopen(request.build_absolute_uri("/upstream/"), timeout=10) as answer:
        return HttpResponse(str(len(json.loads(answer.read())["access_token"])))


def logged(request):
    for secret in taken("logged"):
        logger.warning("connected with password=%s to the mail server", secret)
        api_key = secret
        logger.warning("said %s", passed_on(api_key))
    return HttpResponse("logged")


def raised(request):
    for secret in taken("raised"):
        try:
            refused(secret)
        except ValueError:
            logger.exception("it was refused")
    return HttpResponse("caught")


def refused(token):
    raise ValueError(f"the token {token} is not known")


def mailed(request):
    for token in taken("mailed"):
        mail.send_mail("Welcome", f"Your link: https://example.com/reset/?t={reset(token)}", "a@example.com", ["b@example.com"])
    return HttpResponse("sent")


def reset(token):
    return passed_on(token)


def cached(request):
    for number, secret in enumerate(taken("cached")):
        cache.set(f"account:{number}", {"access_token": secret})
        cache.get(f"account:{number}")
    return HttpResponse("kept")


def answered(request):
    return JsonResponse({"tokens": taken("answered"), "page": 1})


def page(request):
    fields = "".join(f'<input type="hidden" name="api_token" value="{one}">' for one in taken("page"))
    return HttpResponse(f"<form>{fields}</form>")


def sets(request):
    response = HttpResponse("set")
    for number, secret in enumerate(taken("sets")):
        response.set_cookie(f"auth_token_{number}", secret)
        response[f"X-Secret-{number}"] = secret
    return response


def configured(request):
    return HttpResponse(f"key {passed_on(settings.PAYMENT_API_KEY)} of {passed_on(settings.SERVICES)}")


def shaped(request):
    for one in taken("shaped"):
        passed_on(one)
    return HttpResponse("seen")


def signed_in(request):
    user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
    if user is None:
        return HttpResponse("no", status=401)
    login(request, user)
    return HttpResponse(f"welcome {user.get_username()}")


def joined(request):
    user = get_user_model().objects.create_user(request.POST["username"], password=request.POST["password"])
    return HttpResponse(f"welcome {user.get_username()}", status=201)


def keyed(request):
    device = Device.objects.filter(api_key=request.headers["X-Api-Key"]).first()
    return HttpResponse(f"this is {device.name}" if device else "unknown", status=200 if device else 401)


def promised(request):
    try:
        found = signing.loads(request.GET["token"], salt="invitations")
    except signing.BadSignature:
        return HttpResponse("no", status=403)
    return HttpResponse(f"welcome {found['name']}")


def bearer(request):
    said, _, signature = request.headers["Authorization"].removeprefix("Bearer ").rpartition(".")
    wanted = base64.urlsafe_b64encode(hmac.digest(settings.SECRET_KEY.encode(), said.encode(), "sha256")).decode().rstrip("=")
    return HttpResponse("yes" if hmac.compare_digest(wanted, signature) else "no", status=200 if wanted == signature else 401)


def literal(request):
    return HttpResponse("yes" if request.headers["X-Api-Key"] == "written-in-the-code-42" else "no")


NAMES = [
    "header",
    "authorization",
    "basic",
    "cookie",
    "query",
    "form",
    "document",
    "upload",
    "variables",
    "objects",
    "session",
    "rows",
    "values",
    "written",
    "parameters",
    "statement",
    "outbound",
    "upstream",
    "fetched",
    "logged",
    "raised",
    "mailed",
    "cached",
    "answered",
    "page",
    "sets",
    "configured",
    "shaped",
    "signed_in",
    "joined",
    "keyed",
    "promised",
    "bearer",
    "literal",
]
VIEWS = {name: globals()[name] for name in NAMES}
