"""Starts MiniStack and puts right the two things in which its Scheduler differs from AWS's.

1. AWS replaces `<aws.scheduler.execution-id>` and the like in a schedule's input; MiniStack
   hands them on as they are.
2. AWS judges a call about a schedule by the schedule's own group; MiniStack by the default one.

Each is to go when a newer MiniStack does it by itself. Both places are looked up by name, so that
a release that moved them stops here instead of rehearsing something else.
"""

import json
from datetime import datetime, timezone

from ministack.app import main
from ministack.core import iam_actions
from ministack.services import eventbridge

invoke_target = eventbridge._invoke_target
extract_resource_arn = iam_actions.extract_resource_arn


def invoke_with_context(target, event, *rest):
    if event["Source"] == "aws.scheduler" and target.get("Input"):
        due = datetime.fromtimestamp(event["Time"], tz=timezone.utc).replace(second=0)
        replaced = target["Input"]
        for name, value in {
            "schedule-arn": event["Resources"][0],
            "scheduled-time": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "execution-id": event["EventId"],
            "attempt-number": "1",
        }.items():
            replaced = replaced.replace(f"<aws.scheduler.{name}>", value)
        target = {**target, "Input": replaced}
    return invoke_target(target, event, *rest)


def arn_with_group(service, method, path, headers, body, query_params, *rest):
    arn = extract_resource_arn(service, method, path, headers, body, query_params, *rest)
    if service != "scheduler" or ":schedule/default/" not in arn:
        return arn
    group = query_params.get("groupName")
    if method in ("POST", "PUT"):
        group = json.loads(body).get("GroupName")
    group = group[0] if isinstance(group, list) else group
    return arn.replace(":schedule/default/", f":schedule/{group or 'default'}/")


eventbridge._invoke_target = invoke_with_context
iam_actions.extract_resource_arn = arn_with_group
main()
