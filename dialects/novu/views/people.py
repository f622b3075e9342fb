"""`/v2/subscribers`, `/v2/topics`: who is notified, and what they want."""

from __future__ import annotations

from typing import Final

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.novu import people
from dialects.novu.base import NovuView, enveloped
from dialects.novu.errors import NovuError, bad_body
from dialects.novu.translate.ids import IdOf
from engine.notifying.models import Subscriber, Topic

READ: Final = ApiScope.INSTANCES_READ
WRITE: Final = ApiScope.INSTANCES_WRITE


class Subscribers(NovuView):
    """`/v2/subscribers`"""

    needs = {"GET": READ, "POST": WRITE}

    def get(self, request: Request) -> Response:
        """A page; bare."""
        return Response(people.search_subscribers(self.scope, request.query_params))

    def post(self, request: Request) -> Response:
        """Make one, or change the one with this id."""

        def act() -> Response:
            body = self.body(request)
            people.check_subscriber(body, id_is_needed=True)
            known = Subscriber.objects.within(self.scope).filter(subscriber_id=body["subscriberId"])
            if request.query_params.get("failIfExists") == "true" and known.exists():
                # Novu answers 409; a default client would repeat that for an hour (contract 3.5).
                raise NovuError(400, f"Subscriber with id: {body['subscriberId']} already exists")
            row = people.keep(self.scope, body["subscriberId"], body)
            return enveloped(people.subscriber_json(row, self.scope), 201)

        return self.once(request, act)


class OneSubscriber(NovuView):
    """`/v2/subscribers/{subscriberId}`"""

    needs = {"GET": READ, "PATCH": WRITE, "DELETE": WRITE}

    def get(self, request: Request, subscriber: str) -> Response:
        """It."""
        return enveloped(people.subscriber_json(people.find_subscriber(self.scope, subscriber), self.scope))

    def patch(self, request: Request, subscriber: str) -> Response:
        """Change what the body names; null empties it."""

        def act() -> Response:
            people.find_subscriber(self.scope, subscriber)
            body = self.body(request)
            people.check_subscriber(body, id_is_needed=False)
            return enveloped(people.subscriber_json(people.keep(self.scope, subscriber, body), self.scope))

        return self.once(request, act)

    def delete(self, request: Request, subscriber: str) -> Response:
        """Remove it with its messages."""
        people.find_subscriber(self.scope, subscriber).delete()
        return enveloped({"acknowledged": True, "status": "deleted"})


class SubscribersBulk(NovuView):
    """`/v1/subscribers/bulk`"""

    needs = {"POST": WRITE}

    def post(self, request: Request) -> Response:
        """Make or change many."""

        def act() -> Response:
            return enveloped(people.keep_many(self.scope, self.body(request).get("subscribers")), 201)

        return self.once(request, act)


class Preferences(NovuView):
    """`/v2/subscribers/{subscriberId}/preferences`"""

    needs = {"GET": READ, "PATCH": WRITE}

    def get(self, request: Request, subscriber: str) -> Response:
        """What holds for a subscriber, for everything and for each workflow."""
        found = people.find_subscriber(self.scope, subscriber)
        return enveloped(people.preferences_json(self.scope, found))

    def patch(self, request: Request, subscriber: str) -> Response:
        """What a subscriber wants."""

        def act() -> Response:
            found = people.find_subscriber(self.scope, subscriber)
            people.change_preferences(self.scope, found, self.body(request))
            return enveloped(people.preferences_json(self.scope, found))

        return self.once(request, act)


class Topics(NovuView):
    """`/v2/topics`"""

    needs = {"GET": READ, "POST": WRITE}

    def get(self, request: Request) -> Response:
        """A page; bare."""
        rows = Topic.objects.within(self.scope)
        query = request.query_params
        for name, lookup in (("key", "key__icontains"), ("name", "name__icontains")):
            if query.get(name):
                rows = rows.filter(**{lookup: query[name][:200]})
        found, page = people.page_of(rows, query, IdOf.TOPIC)
        return Response({"data": [people.topic_json(row) for row in found], **page})

    def post(self, request: Request) -> Response:
        """Make one, or rename the one with this key."""

        def act() -> Response:
            body = self.body(request)
            people.check_topic(body, key_is_needed=True)
            topic, is_new = people.keep_topic(self.scope, body["key"], body)
            return enveloped(people.topic_json(topic), 201 if is_new else 200)

        return self.once(request, act)


class OneTopic(NovuView):
    """`/v2/topics/{topicKey}`"""

    needs = {"GET": READ, "PATCH": WRITE, "DELETE": WRITE}

    def get(self, request: Request, topic: str) -> Response:
        """It."""
        return enveloped(people.topic_json(people.find_topic(self.scope, topic)))

    def patch(self, request: Request, topic: str) -> Response:
        """Rename it."""

        def act() -> Response:
            people.find_topic(self.scope, topic)
            body = self.body(request)
            people.check_topic(body, key_is_needed=False)
            return enveloped(people.topic_json(people.keep_topic(self.scope, topic, body)[0]))

        return self.once(request, act)

    def delete(self, request: Request, topic: str) -> Response:
        """Remove it."""
        people.find_topic(self.scope, topic).delete()
        return enveloped({"acknowledged": True})


class Subscriptions(NovuView):
    """`/v2/topics/{topicKey}/subscriptions`"""

    needs = {"GET": READ, "POST": WRITE, "DELETE": WRITE}

    def get(self, request: Request, topic: str) -> Response:
        """Who is in a topic; bare."""
        rows = people.find_topic(self.scope, topic).members.select_related("topic", "subscriber")
        if request.query_params.get("subscriberId"):
            rows = rows.filter(subscriber__subscriber_id=request.query_params["subscriberId"])
        found, page = people.page_of(rows, request.query_params, IdOf.SUBSCRIPTION)
        return Response({"data": [people.subscription_json(row, self.scope) for row in found], **page})

    def post(self, request: Request, topic: str) -> Response:
        """Put subscribers in."""

        def act() -> Response:
            ids = people.ids_of(self.body(request))
            if len(topic) > 100:
                raise bad_body([("topicKey", "topicKey must be shorter than or equal to 100 characters")])
            return Response(people.subscribe(self.scope, topic, ids), status=201)

        return self.once(request, act)

    def delete(self, request: Request, topic: str) -> Response:
        """Take subscribers out."""
        found = people.find_topic(self.scope, topic)
        return Response(people.unsubscribe(self.scope, found, people.ids_of(self.body(request))))
