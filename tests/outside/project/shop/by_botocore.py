"""Calls of a service like Amazon's by `botocore`."""

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError
from django.conf import settings
from django.http import HttpResponse, JsonResponse


def client():
    return botocore.session.get_session().create_client(
        "s3", "eu-central-1", endpoint_url=settings.SERVICE, aws_access_key_id="key", aws_secret_access_key="secret",
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}),
    )  # fmt: skip


def kept(request):
    found = client().put_object(Bucket="papers", Key="a.txt", Body=b"content")
    return JsonResponse({"status": found["ResponseMetadata"]["HTTPStatusCode"], "tag": found["ETag"]}, status=201)


def read(request):
    return HttpResponse(client().get_object(Bucket="papers", Key="a.txt")["Body"].read())


def missing(request):
    try:
        client().get_object(Bucket="papers", Key="none.txt")
    except ClientError as error:
        return JsonResponse({"code": error.response["Error"]["Code"]}, status=404)
    return HttpResponse("there")
