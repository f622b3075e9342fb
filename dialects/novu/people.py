"""Subscribers, topics and preferences as Novu writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.http import QueryDict
from django.utils.timezone import now

from accounts.scope import Scope
from designer.graph.model import Json
from dialects.novu import validation
from dialects.novu.errors import NovuError, bad_body, not_found
from dialects.novu.ids import environment_id, organization_id, subscriber_id, topic_id
from dialects.novu.models import Workflow
from dialects.novu.translate.forms import CHANNEL_TYPES
from dialects.novu.translate.ids import IdOf, decode_id, encode_id, workflow_slug
from dialects.novu.wire import moment
from dialects.novu.workflows import look_for_workflow, workflows
from engine.notifying.models import Subscriber, Topic, TopicMember
from engine.notifying.preferences import choose, effective, keep_schedule, schedule_of
from engine.notifying.schedules import schedule_reason
from engine.notifying.subscribers import keep_subscriber

TEXTS: Final = ("firstName", "lastName", "email", "phone", "avatar", "locale", "timezone")
MOST_IN_BULK: Final = 500


# -- subscribers ------------------------------------------------------------------------------------------------------


def subscriber_json(row: Subscriber, scope: Scope) -> dict[str, Any]:
    """A SubscriberResponseDto."""
    return {
        "_id": subscriber_id(row),
        "subscriberId": row.subscriber_id,
        "firstName": row.first_name or None,
        "lastName": row.last_name or None,
        "email": row.email or None,
        "phone": row.phone or None,
        "avatar": row.avatar or None,
        "locale": row.locale or None,
        "timezone": row.timezone or None,
        "data": row.data or None,
        "channels": row.channels,
        "deleted": False,
        "_organizationId": organization_id(scope.organization),
        "_environmentId": environment_id(scope.environment),
        "createdAt": moment(row.created_at),
        "updatedAt": moment(row.updated_at),
    }


def find_subscriber(scope: Scope, id: str) -> Subscriber:
    """The subscriber with this id. Raises `NovuError` 404."""
    found = Subscriber.objects.within(scope).filter(subscriber_id=id).first()
    if found is None:
        raise NovuError(404, f"Subscriber: {id} was not found", ctx={"subscriberId": id})
    return found


def check_subscriber(body: Mapping[str, Any], *, id_is_needed: bool) -> None:
    """What is said of a subscriber. Raises the 400."""
    checker = validation.Checker(body)
    if id_is_needed:
        id = body.get("subscriberId")
        if not isinstance(id, str) or not id.strip():
            checker.add("subscriberId", "subscriberId should not be empty")
        elif len(id) > 255:
            checker.add("subscriberId", "subscriberId must be shorter than or equal to 255 characters")
    for name in TEXTS:
        checker.typed(name, lambda value: isinstance(value, str), "a string")
    checker.typed("data", lambda value: isinstance(value, Mapping), "an object")
    checker.finish()


def keep(scope: Scope, id: str, body: Mapping[str, Any]) -> Subscriber:
    """Make or change a subscriber."""
    return keep_subscriber(scope.environment.pk, id, {name: body[name] for name in (*TEXTS, "data") if name in body})


def keep_many(scope: Scope, entries: Json) -> dict[str, Any]:
    """Make or change up to 500; what is wrong with one does not hold up the others."""
    if not isinstance(entries, list) or not entries:
        raise bad_body([("subscribers", "subscribers should not be empty")])
    if len(entries) > MOST_IN_BULK:
        raise bad_body([("subscribers", f"subscribers must contain no more than {MOST_IN_BULK} elements")])
    answer: dict[str, list[dict[str, Any]]] = {"updated": [], "created": [], "failed": []}
    for entry in entries:
        id = entry.get("subscriberId") if isinstance(entry, Mapping) else None
        try:
            check_subscriber(entry if isinstance(entry, Mapping) else {}, id_is_needed=True)
        except NovuError as refused:
            message = ", ".join(refused.message) if isinstance(refused.message, list) else str(refused.message)
            answer["failed"].append({"subscriberId": str(id or ""), "message": message})
            continue
        known = Subscriber.objects.within(scope).filter(subscriber_id=id).exists()
        keep(scope, str(id), entry)
        answer["updated" if known else "created"].append({"subscriberId": id})
    return answer


def page_of(rows: Any, query: QueryDict, what: IdOf) -> tuple[list[Any], dict[str, Any]]:
    """A page by cursor, newest first: the rows, and `next`, `previous`, `totalCount`."""
    problems: list[str] = []
    limit = validation.whole(query, "limit", default=10, least=1, most=validation.MOST_LISTED, problems=problems)
    after, before = query.get("after"), query.get("before")
    pks = {name: decode_id(text, what) for name, text in (("after", after), ("before", before)) if text}
    problems += [f"{name} is no cursor" for name, pk in pks.items() if pk is None]
    validation.refuse(problems)
    total = rows.count()
    if pks.get("before") is not None:
        newer = list(rows.filter(pk__gt=pks["before"]).order_by("pk")[:limit])
        found, more = newer[::-1], True
    else:
        if pks.get("after") is not None:
            rows = rows.filter(pk__lt=pks["after"])
        found = list(rows.order_by("-pk")[: limit + 1])
        more, found = len(found) > limit, found[:limit]
    first = encode_id(what, found[0].pk, found[0].created_at) if found and pks else None
    last = encode_id(what, found[-1].pk, found[-1].created_at) if found and more else None
    return found, {"next": last, "previous": first, "totalCount": total, "totalCountCapped": False}


def search_subscribers(scope: Scope, query: QueryDict) -> dict[str, Any]:
    """A ListSubscribersResponseDto."""
    rows = Subscriber.objects.within(scope)
    for name, lookup in (
        ("email", "email__icontains"),
        ("phone", "phone__icontains"),
        ("subscriberId", "subscriber_id"),
    ):
        if query.get(name):
            rows = rows.filter(**{lookup: query[name]})
    if query.get("name"):
        name = str(query["name"])[:200]
        rows = rows.filter(Q(first_name__icontains=name) | Q(last_name__icontains=name))
    found, page = page_of(rows, query, IdOf.SUBSCRIBER)
    return {"data": [subscriber_json(row, scope) for row in found], **page}


# -- preferences ------------------------------------------------------------------------------------------------------


def preferences_json(scope: Scope, subscriber: Subscriber) -> dict[str, Any]:
    """A GetSubscriberPreferencesDto."""
    enabled, channels = effective(subscriber, None)
    schedule = schedule_of(subscriber)
    return {
        "global": {"enabled": enabled, "channels": channels, **({"schedule": schedule} if schedule else {})},
        "workflows": [_of_workflow(subscriber, workflow) for workflow in workflows(scope).order_by("pk")],
    }


def _of_workflow(subscriber: Subscriber, workflow: Workflow) -> dict[str, Any]:
    enabled, channels = effective(subscriber, workflow.flow_id)
    name = workflow.flow.name
    return {
        "enabled": enabled,
        "channels": channels,
        "overrides": [],
        "workflow": {
            "slug": workflow_slug(name, workflow.id_text),
            "identifier": workflow.identifier,
            "name": name,
            "updatedAt": moment(workflow.changed_at),
        },
    }


def change_preferences(scope: Scope, subscriber: Subscriber, body: Mapping[str, Any]) -> None:
    """Take over what a subscriber wants: of one workflow, or of all. Raises the 400, and 404 for the workflow."""
    channels = body.get("channels") or {}
    if not isinstance(channels, Mapping):
        raise bad_body([("channels", "channels must be an object")])
    for name, value in channels.items():
        if name not in CHANNEL_TYPES:
            known = ", ".join(CHANNEL_TYPES)
            raise bad_body([("channels", f"channels must be one of the following values: {known}")])
        if not isinstance(value, bool):
            raise bad_body([("channels", f"channels.{name} must be a boolean")])
    enabled = body.get("enabled")
    if enabled is not None and not isinstance(enabled, bool):
        raise bad_body([("enabled", "enabled must be a boolean")])
    schedule = body.get("schedule")
    if schedule is not None:
        reason = schedule_reason(schedule)
        if reason is None and body.get("workflowId"):
            reason = "schedule should not be given together with workflowId: it holds for every workflow"
        if reason is not None:
            raise bad_body([("schedule", reason)])
    flow_id = None
    if body.get("workflowId"):
        workflow = look_for_workflow(scope, str(body["workflowId"]))
        if workflow is None:
            raise not_found("Workflow", workflowId=str(body["workflowId"]))
        flow_id = workflow.flow_id
    with transaction.atomic():
        choose(subscriber, flow_id, enabled=enabled, channels=channels)
        if schedule is not None:
            keep_schedule(subscriber, schedule)


# -- topics -----------------------------------------------------------------------------------------------------------


def topic_json(row: Topic) -> dict[str, Any]:
    """A TopicResponseDto."""
    return {
        "_id": topic_id(row),
        "key": row.key,
        "name": row.name,
        "createdAt": moment(row.created_at),
        "updatedAt": moment(row.updated_at),
    }


def find_topic(scope: Scope, key: str) -> Topic:
    """The topic with this key. Raises `NovuError` 404."""
    found = Topic.objects.within(scope).filter(key=key).first()
    if found is None:
        raise NovuError(404, f"Topic with key {key} not found", ctx={"topicKey": key})
    return found


def check_topic(body: Mapping[str, Any], *, key_is_needed: bool) -> None:
    """A topic's body. Raises the 400."""
    validation.check_texts(body, key=key_is_needed, name=not key_is_needed)
    if len(body.get("key") or "") > 100:
        raise bad_body([("key", "key must be shorter than or equal to 100 characters")])


def keep_topic(scope: Scope, key: str, body: Mapping[str, Any]) -> tuple[Topic, bool]:
    """Make or rename a topic; whether it is new."""
    topic, is_new = Topic.objects.get_or_create(
        environment=scope.environment, key=key, defaults={"name": str(body.get("name") or "")[:200]}
    )
    if not is_new and body.get("name") is not None and body["name"] != topic.name:
        topic.name, topic.updated_at = str(body["name"])[:200], now()
        topic.save(update_fields=["name", "updated_at"])
    return topic, is_new


def ids_of(body: Mapping[str, Any]) -> list[str]:
    """Whom a subscription body names. Raises the 400."""
    named = body.get("subscriptions") if body.get("subscriptions") is not None else body.get("subscriberIds")
    if not isinstance(named, list) or not named:
        raise bad_body([("subscriptions", "subscriptions should not be empty")])
    if len(named) > 100:
        raise bad_body([("subscriptions", "subscriptions must contain no more than 100 elements")])
    found = [entry.get("subscriberId") if isinstance(entry, Mapping) else entry for entry in named]
    if not all(isinstance(id, str) and id for id in found):
        raise bad_body([("subscriptions", "each value in subscriptions must be a string")])
    return [str(id) for id in dict.fromkeys(found)]


def subscribe(scope: Scope, key: str, ids: Sequence[str]) -> dict[str, Any]:
    """Put subscribers into a topic, which is made if there is none. Those that do not exist are told."""
    with transaction.atomic():
        topic, _ = keep_topic(scope, key, {})
        known = {row.subscriber_id: row for row in Subscriber.objects.within(scope).filter(subscriber_id__in=ids)}
        data = []
        for id in ids:
            if id in known:
                member, _ = TopicMember.objects.get_or_create(topic=topic, subscriber=known[id])
                data.append(subscription_json(member, scope))
    return _told(data, [id for id in ids if id not in known])


def unsubscribe(scope: Scope, topic: Topic, ids: Sequence[str]) -> dict[str, Any]:
    """Take subscribers out of a topic."""
    members = {
        member.subscriber.subscriber_id: member
        for member in topic.members.select_related("subscriber", "topic").filter(subscriber__subscriber_id__in=ids)
    }
    data = [subscription_json(members[id], scope) for id in ids if id in members]
    TopicMember.objects.filter(pk__in=[member.pk for member in members.values()]).delete()
    return _told(data, [id for id in ids if id not in members])


def _told(data: list[dict[str, Any]], missing: Sequence[str]) -> dict[str, Any]:
    errors = [
        {
            "subscriberId": id,
            "code": "SUBSCRIBER_NOT_FOUND",
            "message": f"Subscriber with ID '{id}' could not be found.",
        }
        for id in missing
    ]
    meta = {"totalCount": len(data) + len(errors), "successful": len(data), "failed": len(errors)}
    return {"data": data, "meta": meta, **({"errors": errors} if errors else {})}


def subscription_json(member: TopicMember, scope: Scope) -> dict[str, Any]:
    """That somebody is in a topic."""
    id = encode_id(IdOf.SUBSCRIPTION, member.pk, member.created_at)
    return {
        "_id": id,
        "identifier": id,
        "topic": topic_json(member.topic),
        "subscriber": subscriber_json(member.subscriber, scope),
        "createdAt": moment(member.created_at),
        "updatedAt": moment(member.created_at),
    }
