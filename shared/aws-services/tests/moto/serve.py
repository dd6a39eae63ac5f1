"""Serves moto on a free port of loopback for as long as its standard input stays open.

Prints its URL. Then every line {"service", "call", "with"} is a call of boto3, a second opinion
beside the clients under test, and is answered with a line: the result, or {"error": code}.
"""

import json
import logging
import sys

import boto3
from botocore.exceptions import ClientError
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

REGION = "eu-central-1"


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    session = boto3.Session("test", "test", region_name=REGION)
    print(url, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        client = session.client(asked["service"], endpoint_url=url)
        try:
            answer = getattr(client, asked["call"])(**asked["with"])
        except ClientError as error:
            answer = {"error": error.response["Error"]["Code"]}
        print(json.dumps(answer, default=str), flush=True)
    server.stop()


main()
