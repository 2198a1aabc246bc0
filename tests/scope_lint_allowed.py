"""What the lint of scopes lets pass, and why: a file as a whole, or one function of it."""

from collections.abc import Mapping

ALLOWED: Mapping[str, str] = {
    # The operator at the server itself, who holds the database anyway.
    "api/admin.py": "commands of the operator, who is no caller of the API",
    "api/reporting.py": "reports that the operator makes by command; the key is of the report just begun",
    "api/retention_desk.py:RetentionDesk.index": "by command, for every enterprise",
    "inspection/areas.py:assign_expert": "by command; the enterprise is given as a row",
    # The server's own work, in sessions that see every enterprise.
    "api/access.py:AccessNotes._count": "adds to counts of rows that this process wrote, by their ids",
    "api/publisher.py:_logs_of_areas": "publishes the logs of areas",
    "inspection/access_log.py:forget_past": "the keeper deletes what is past its retention",
    "inspection/delivery/confirming.py": "by a channel whose owner was asked for before, or by the channels of its owner",
    "inspection/delivery/forgotten.py:_is_enough": "by the mailboxes of their owner",
    "inspection/delivery/pruning.py": "the keeper deletes what was delivered long ago",
    "inspection/account_news.py:tell_ending_tokens": "the keeper looks for tokens that end soon, of everybody",
    "inspection/delivery/leases.py": "the sender takes the next message of the outbox, whosever it is; who still sees it is asked then",
    "inspection/delivery/refusals.py": "the sender tells those who keep the very channel that it failed to reach",
    "inspection/delivery/sender.py": "the sender writes down what became of the message that it leased",
    "inspection/entry_index.py:behind": "the keeper looks for ledgers that are not indexed",
    "inspection/entry_index.py:_begin": "asks for the highest number among all marks, and tells nobody",
    "inspection/erasing.py:approved_erasures": "the keeper looks for approved erasures",
    "inspection/escalations.py": "the keeper looks for overdue tickets of every enterprise, and takes each by its whole key",
    "inspection/evidence_audit.py:stray_evidence": "the audit looks for ids that are no enterprise's",
    "inspection/fix_checks.py:is_any_waiting": "the worker looks whether anybody's after-photos wait",
    "inspection/fix_checks.py:claim_next": "the worker takes the next check of the queue, whosever it is",
    "inspection/fix_checks.py:record_check": "the key is that of the claimed check, and begins with its enterprise",
    "inspection/jobs.py:PhotoWorker._next_task": "the worker takes the next photo of the queue, whosever it is",
    "inspection/reminders.py:remind_all": "the keeper reminds every enterprise",
    "inspection/removals.py:queued_removals": "the keeper looks for bytes that are to be deleted",
    "inspection/removals.py:erased_evidence": "the keeper deletes previews of what was erased",
    "inspection/removals.py:export_lease": "ends the lease that it has just made itself",
    "inspection/removals.py:_is_had": "bytes are shared: they stay while any enterprise needs them; told to nobody",
    "inspection/reports/worker.py": "the worker takes the next report of the queue, whosever it is, by its whole key",
    "inspection/ticket_notices.py:tell_overdue": "the keeper looks for overdue tickets of every enterprise",
    # Where the confinement stands elsewhere.
    "api/exports.py:export_ledger": "the enterprise is that of the checkpoint, which the route asked for by EnterpriseId",
    "api/invitations.py:withdraw": "compares the invitation's place with the one that require_keeper let pass",
    "api/invitations.py:accept_row": "by the id of the row that the link's secret found",
    "api/routes/openid.py:_join": "by the invitation that the link's secret found before this browser went to the provider",
    "inspection/delivery/channels.py": "by the channels of the person, or by a channel or endpoint whose owner was asked for before",
    "inspection/evidence.py:record_evidence": "the key begins with the enterprise that the caller passed on",
    "inspection/reports/people.py:Names._look_up": "names of devices in entries of the ledger that is printed",
    "inspection/reports/queue.py:made_report": "whoever holds a printed report's number may check it: hashes, no content",
    "inspection/reports/reading.py:LedgerPart._pages": "the conditions are made by _in_period, which begins with the log's id",
    "inspection/scopes.py:_enterprises_of_organisation": "this is the scope helper: it finds out what the scope is",
}
