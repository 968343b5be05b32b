"""Calls of other services by `urllib3`."""

import urllib3
from django.conf import settings
from django.http import HttpResponse, JsonResponse

SERVICE = settings.SERVICE
pool = urllib3.PoolManager(timeout=5)


def read(request):
    return JsonResponse(pool.request("GET", f"{SERVICE}/rates", fields={"of": "EUR"}).json())


def sent(request):
    answer = pool.request("POST", f"{SERVICE}/echo", json={"to": "ada"})
    return JsonResponse({"status": answer.status, "got": answer.json()["got"]}, status=201)


def redirected(request):
    return JsonResponse({"rate": pool.request("GET", f"{SERVICE}/moved").json()["EUR"]})


def tried_again(request):
    retries = urllib3.Retry(3, status_forcelist=[503], backoff_factor=0)
    return JsonResponse({"rate": pool.request("GET", f"{SERVICE}/flaky?by=urllib3", retries=retries).json()["EUR"]})


def refused(request):
    answer = pool.request("GET", f"{SERVICE}/missing")
    return JsonResponse({"error": answer.status, "said": answer.data.decode()}, status=502)


def too_slow(request):
    try:
        pool.request("GET", f"{SERVICE}/silent", timeout=0.2, retries=False)
    except urllib3.exceptions.TimeoutError:
        return HttpResponse("slow", status=504)
    return HttpResponse("quick")


def nobody(request):
    try:
        pool.request("GET", settings.NOBODY, retries=urllib3.Retry(1, backoff_factor=0))
    except urllib3.exceptions.MaxRetryError as error:
        return HttpResponse(f"nobody: {len(error.args)}", status=502)
    return HttpResponse("somebody")


def streamed(request):
    answer = pool.request("GET", f"{SERVICE}/lines", preload_content=False)
    found = b"".join(answer.stream(4)).decode().split()
    answer.release_conn()
    return JsonResponse(found, safe=False)
