"""Reads command lines as the AWS CLI would, without sending anything.

Input: a JSON list of "name<TAB>command"; output: a JSON list of
{"Name", "Command", "Error"}. A shell splits the words; the CLI's own argument
parser and parameter validation read them; the request is answered here.
"""
import contextlib, io, json, shlex, subprocess, sys

import awscli.clidriver
from botocore.awsrequest import AWSResponse

driver = awscli.clidriver.create_clidriver()
sent = []


class Nothing(io.BytesIO):
    def stream(self, **_):
        yield self.getvalue()


def answer(request, **_):
    sent.append((request.method, request.url))
    return AWSResponse(request.url, 200, {"content-type": "application/json"}, Nothing(b"{}"))


driver.session.register("before-send", answer)


def split(command):
    # "account=$(aws sts …) && aws …": the number is made up, the rest is real.
    if command.startswith("account="):
        command = "account=123456789012; " + command.split(" && ", 1)[1]
    quoted = command.replace("aws ", "printf '%s\\0' ", 1)
    return subprocess.run(["sh", "-c", quoted], capture_output=True, check=True).stdout.decode().split("\0")[:-1]


results = []
for line in json.load(sys.stdin):
    name, command = line.split("\t", 1)
    error, out = "", io.StringIO()
    sent.clear()
    try:
        words = split(command)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = driver.main(words)
        if code != 0 or len(sent) != 1:
            error = "exit code %s, %d requests: %s" % (code, len(sent), out.getvalue().strip())
    except (Exception, SystemExit) as e:
        error = "%s: %s %s" % (type(e).__name__, e, out.getvalue().strip())
    results.append({"Name": name, "Command": command, "Error": error})
json.dump(results, sys.stdout)
