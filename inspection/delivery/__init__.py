"""Notices outside of the app, from the outbox to mailboxes, phones, chat robots and webhooks.

rules      which kinds are sent at once, and through quiet hours: ``notice_rules.csv``
schedule   when something is sent: pure functions of a person's wishes
outbox     rows of what is to be sent, written with the event
channels   a person's channels and wishes
webhooks   an organisation's endpoints
letters    what a message says, in both languages
reach      HTTP to addresses that others chose, and to no other place
mail, robots, sms, hooks   one way of sending each
sender     the worker: leases, sends, tries again, gives up
"""
