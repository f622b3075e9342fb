"""Who gets what over which channel: the flow's own settings, and what subscribers chose.

Layers, later wins: the flow's author, what lies over it (`override_preferences`), the subscriber's general choice, the
subscriber's choice for this flow. A critical flow ignores subscribers. A channel's value beats that for everything.
(Novu: https://docs.novu.co, Preferences.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.timezone import now

from designer.graph.model import Json
from engine.notifying.models import Channel, MessagePolicy, Preference, Subscriber
from engine.notifying.schedules import is_open, zone_named

BY_SUBSCRIBER = "by the subscriber"
BY_OVERRIDE = "by whoever runs the flow"
BY_AUTHOR = "by the flow"
BY_SCHEDULE = "by the subscriber's schedule"


@dataclass(frozen=True, slots=True)
class Wish:
    """Whether something is wanted, and who said so."""

    is_wanted: bool
    by: str = BY_AUTHOR


@dataclass(frozen=True, slots=True)
class Layer:
    """One opinion: about everything (None: none), and about channels."""

    by: str
    everything: bool | None
    channels: Mapping[str, bool]


def layer_of(by: str, preferences: Json) -> Layer | None:
    """The opinion of a flow's preferences `{all: {enabled}, channels: {<channel>: {enabled}}}`."""
    if not isinstance(preferences, Mapping):
        return None
    everything = preferences.get("all")
    raw = preferences.get("channels")
    channels = {
        name: bool(wish["enabled"])
        for name, wish in (raw.items() if isinstance(raw, Mapping) else ())
        if isinstance(wish, Mapping) and isinstance(wish.get("enabled"), bool)
    }
    enabled = everything.get("enabled") if isinstance(everything, Mapping) else None
    return Layer(by, enabled if isinstance(enabled, bool) else None, channels)


def decide(layers: Sequence[Layer | None], channel: str) -> Wish:
    """What the layers come to for a channel. A channel's value beats a value for everything of the same layer, and of
    those before it."""
    wish = Wish(True)
    for layer in layers:
        if layer is None:
            continue
        if channel in layer.channels:
            wish = Wish(layer.channels[channel], layer.by)
        elif layer.everything is not None:
            wish = Wish(layer.everything, layer.by)
    return wish


def layers_for(policy: MessagePolicy | None, chosen: Sequence[Preference]) -> list[Layer | None]:
    """The layers in their order. `chosen`: the subscriber's general preference and the one for the flow, if any."""
    layers: list[Layer | None] = []
    if policy is not None:
        layers.append(layer_of(BY_AUTHOR, policy.author_preferences))
        layers.append(layer_of(BY_OVERRIDE, policy.override_preferences))
        if policy.is_critical:
            return layers
    for preference in sorted(chosen, key=lambda each: each.flow_id is not None):
        layers.append(Layer(BY_SUBSCRIBER, preference.enabled, preference.channels or {}))
    return layers


def wish_for(subscriber: Subscriber, flow_id: int, channel: str, moment: datetime) -> Wish:
    """Whether a subscriber gets a flow's messages over a channel at a moment. Their schedule says nothing about the
    inbox, nor of critical flows."""
    policy = MessagePolicy.objects.filter(flow_id=flow_id).first()
    chosen = _chosen(subscriber, flow_id)
    wish = decide(layers_for(policy, chosen), channel)
    is_scheduled = channel != Channel.IN_APP and (policy is None or not policy.is_critical)
    if wish.is_wanted and is_scheduled:
        schedule = next((each.schedule for each in chosen if each.flow_id is None), None)
        if not is_open(schedule, moment, zone_named(subscriber.timezone)):
            return Wish(False, BY_SCHEDULE)
    return wish


def schedule_of(subscriber: Subscriber) -> Json:
    """When a subscriber may be written to; None where they have not said so."""
    return Preference.objects.filter(subscriber=subscriber, flow=None).values_list("schedule", flat=True).first()


def keep_schedule(subscriber: Subscriber, schedule: Mapping[str, Json]) -> None:
    """Store when a subscriber may be written to. Without a week, the one that they had stays."""
    preference = Preference.objects.filter(subscriber=subscriber, flow=None).first() or Preference(
        subscriber=subscriber
    )
    before = preference.schedule if isinstance(preference.schedule, Mapping) else {}
    preference.schedule = {**before, **{name: value for name, value in schedule.items() if value is not None}}
    preference.updated_at = now()
    preference.save()


def effective(subscriber: Subscriber, flow_id: int | None) -> tuple[bool, dict[str, bool]]:
    """What holds for a subscriber: everything on or off, and each channel. Without a flow: their general choice."""
    policy = MessagePolicy.objects.filter(flow_id=flow_id).first() if flow_id is not None else None
    layers = layers_for(policy, _chosen(subscriber, flow_id))
    return decide(layers, "").is_wanted, {channel: decide(layers, channel).is_wanted for channel in Channel.values}


def _chosen(subscriber: Subscriber, flow_id: int | None) -> list[Preference]:
    found = Preference.objects.filter(subscriber=subscriber)
    return [each for each in found if each.flow_id is None or each.flow_id == flow_id]


def choose(
    subscriber: Subscriber, flow_id: int | None, *, enabled: bool | None, channels: Mapping[str, bool]
) -> Preference:
    """Store what a subscriber wants; channels that are not named stay as they were."""
    mine = Preference.objects.filter(subscriber=subscriber)
    found = (mine.filter(flow=None) if flow_id is None else mine.filter(flow_id=flow_id)).first()
    preference = found or Preference(subscriber=subscriber, flow_id=flow_id)
    if enabled is not None:
        preference.enabled = enabled
        # Everything on or off speaks for the channels too, unless they are named beside it.
        preference.channels = {}
    preference.channels = {**preference.channels, **channels}
    preference.save()
    return preference
