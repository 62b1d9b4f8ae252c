"""A race on one login: processes that renew it, are killed and stopped, and lose answers.

    python -m tests.races --store postgres

Several processes renew a login whose access tokens end at once and whose refresh tokens work once.
Meanwhile some are killed and some stopped for longer than the lease, at random moments and while
their refresh is on its way, and some answers of the store are lost. At the end:

- no token was sent again but those whose answer went down with its process, or came too late;
- there is one live token, and the store holds it, or says what was cut off;
- each login that was lost was noted as lost.

The exit status is 1 if anything of that does not hold.
"""
