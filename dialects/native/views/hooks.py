"""`/hooks/{secret path}`: whoever knows the address (and signs, where asked) starts an instance."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.clean_json import clean_json
from designer.models import Trigger
from dialects.native.base import NativeView
from dialects.shared.bodies import content_type_of, is_json_type, refuse_larger
from dialects.shared.problems import Problem
from engine.services.triggers import receive_webhook
