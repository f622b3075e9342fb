"""Flow executions (V2): as wholes, their tasks, phases and schedules."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.epilot.base import WRITE_INSTANCES, EpilotView
from dialects.epilot.checking import schemas
from dialects.epilot.running import adding, executions, tasks
from dialects.epilot.running.documents import public
from dialects.epilot.running.following_rows import bring_up_to_date
from dialects.epilot.running.work import find_execution

READ = ApiScope.INSTANCES_READ


class Executions(EpilotView):
    """`/v2/flows/executions`"""

    needs = {"POST": WRITE_INSTANCES}

    def post(self, request: Request) -> Response:
        """startFlowExecution"""
        execution = executions.start(self.scope, self.read(request, schemas.START), user=self.user_id)
        return Response(public(execution.document), status=201)


class SearchExecutions(EpilotView):
    """`/v2/flows/executions:search`"""

    needs = {"POST": READ}

    def post(self, request: Request) -> Response:
        """searchFlowExecutions"""
        body = self.read(request, schemas.SEARCH_EXECUTIONS)
        found = executions.found_by_entity(self.scope, body["entity_id"], body["entity_schema"])
        return Response({"results": found})


class OneExecution(EpilotView):
    """`/v2/flows/executions/{execution_id}`"""

    needs = {"GET": READ, "PATCH": WRITE_INSTANCES, "DELETE": WRITE_INSTANCES}

    def get(self, request: Request, id: str) -> Response:
        """getFlowExecution"""
        return Response(public(bring_up_to_date(find_execution(self.scope, id)).document))

    def patch(self, request: Request, id: str) -> Response:
        """patchFlowExecution"""
        body = self.read(request, schemas.PATCH_EXECUTION)
        execution = executions.patch_execution(self.scope, id, body, user=self.user_id)
        return Response(public(execution.document))

    def delete(self, request: Request, id: str) -> Response:
        """deleteFlowExecution"""
        executions.delete_execution(self.scope, id, user=self.user_id, soft=self.flag(request, "soft"))
        return Response(status=204)


class Tasks(EpilotView):
    """`/v2/flows/executions/{execution_id}/tasks`"""

    needs = {"POST": WRITE_INSTANCES}

    def post(self, request: Request, id: str) -> Response:
        """addTask"""
        find_execution(self.scope, id)
        task = adding.add_task(self.scope, id, self.read(request, schemas.ADD_TASK), user=self.user_id)
        return Response(task, status=201)


class OneTask(EpilotView):
    """`…/tasks/{task_id}`"""

    needs = {"PATCH": WRITE_INSTANCES}

    def patch(self, request: Request, id: str, task: str) -> Response:
        """patchTask"""
        find_execution(self.scope, id)
        body = self.read(request, schemas.PATCH_TASK)
        return Response(tasks.patch_task(self.scope, id, task, body, user=self.user_id))


class RunAutomation(EpilotView):
    """`…/tasks/{task_id}/automation:run`"""

    needs = {"POST": WRITE_INSTANCES}

    def post(self, request: Request, id: str, task: str) -> Response:
        """runTaskAutomation"""
        return Response(tasks.run_automation(self.scope, id, task, user=self.user_id))


class Execute(EpilotView):
    """`…/tasks/{task_id}/execute`"""

    needs = {"POST": WRITE_INSTANCES}

    def post(self, request: Request, id: str, task: str) -> Response:
        """executeTask"""
        return Response(tasks.execute_task(self.scope, id, task, user=self.user_id))


class RunNow(EpilotView):
    """`…/tasks/{task_id}/schedule/run-now`"""

    needs = {"POST": WRITE_INSTANCES}

    def post(self, request: Request, id: str, task: str) -> Response:
        """runTaskScheduleNow"""
        return Response(tasks.run_now(self.scope, id, task, user=self.user_id))


class TaskSchedule(EpilotView):
    """`…/tasks/{task_id}/schedule`"""

    needs = {"DELETE": WRITE_INSTANCES}

    def delete(self, request: Request, id: str, task: str) -> Response:
        """cancelTaskSchedule"""
        tasks.cancel_schedule(self.scope, id, task_id=task, user=self.user_id)
        return Response(status=204)


class Schedule(EpilotView):
    """`…/schedules/{schedule_id}`"""

    needs = {"POST": WRITE_INSTANCES}

    def post(self, request: Request, id: str, schedule: str) -> Response:
        """cancelSchedule"""
        tasks.cancel_schedule(self.scope, id, schedule_id=schedule, user=self.user_id)
        return Response(status=204)


class Reconcile(EpilotView):
    """`…/tasks/{task_id}/reconcile-automation`"""

    needs = {"POST": WRITE_INSTANCES}

    def post(self, request: Request, id: str, task: str) -> Response:
        """reconcileAutomationTask"""
        return Response(public(tasks.reconcile(self.scope, id, task, user=self.user_id).document))


class OnePhase(EpilotView):
    """`…/phases/{phase_id}`"""

    needs = {"PATCH": WRITE_INSTANCES}

    def patch(self, request: Request, id: str, phase: str) -> Response:
        """patchPhase"""
        find_execution(self.scope, id)
        body = self.read(request, schemas.PATCH_PHASE)
        return Response(tasks.patch_phase(self.scope, id, phase, body, user=self.user_id))
