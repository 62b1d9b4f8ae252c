"""Mutations of token stores that several machines share, and of who may spend what is in them."""

from __future__ import annotations

from tests.simulation.mutating import Mutation, Replace, Rewrite

STORES = (
    Mutation(
        "an_object_is_replaced_whatever_it_is",
        Rewrite("storage.objects:StoredObject._swap", "mode=version", 'mode="overwrite"'),
        "storage/test_contract.py -k objects",
    ),
    Mutation(
        "a_row_is_replaced_whatever_it_is",
        Replace(
            "storage.postgres:UPDATE",
            "UPDATE tap_billit_tokens SET document = %s WHERE login = %s AND %s IS NOT NULL",
        ),
        "storage/test_contract.py -k postgres",
    ),
    Mutation(
        "own_work_is_taken_for_that_of_others",
        Rewrite("storage.base:Storage.replace", "if self.read() != new", "if True"),
        "storage/test_contract.py -k answer_was_lost",
    ),
    Mutation(
        "conditions_are_believed_untried",
        Replace("storage.objects:Bucket.try_conditions", lambda _: None),
        "storage/test_places.py -k ignores_conditions",
    ),
    Mutation(
        "no_lock_on_a_row",
        Replace("storage.postgres:DatabaseRow._locks", lambda *_: True),
        "storage/test_places.py -k lock_of_a_row",
    ),
    Mutation(
        "anothers_note_keeps_nobody_out",
        Replace("tokens.lease:Lease.left", lambda *_: 0.0),
        "auth/test_lease.py -k for_its_lease",
    ),
    Mutation(
        "a_token_is_sent_however_old_its_note",
        Replace("tokens.lease:Lease.check", lambda _: None),
        "auth/test_lease.py -k third_of_the_lease",
    ),
    Mutation(
        "turn_comes_after_the_note",
        Replace("auth.token_endpoint:TokenEndpoint.take_turn", lambda _: None),
        "auth/test_lease.py -k turn_comes",
    ),
    Mutation(
        "a_refused_taker_does_not_wait",
        Rewrite("tokens.rotation:Rotation.is_lost", "self._lease.renew()", "pass"),
        "auth/test_lease.py -k waits_once_more",
    ),
    Mutation(
        "a_lost_token_is_sent_again",
        Rewrite("auth.oauth:OAuth._next_token", "if kept and not loss(kept)", "if kept"),
        "auth/test_lease.py -k not_sent_again",
    ),
    Mutation(
        "a_lost_token_keeps_its_place",
        Rewrite("tokens.rotation:Rotation.spend", "or loss(kept)", ""),
        "auth/test_lease.py -k only_noted",
    ),
    Mutation(
        "an_answer_gives_way_to_a_login_that_has_begun",
        Rewrite(
            "tokens.rotation:_at_stake",
            'return (*note, fingerprint(there.refresh_token or ""))',
            "return note",
        ),
        "auth/test_lease.py -k only_begun",
    ),
    Mutation(
        "the_key_encrypts_nothing",
        Replace("tokens.codec:Codec.seal", lambda _, raw: raw),
        "test_token_store_key.py -k shows_nothing",
    ),
    Mutation(
        "what_nobody_foresaw_costs_the_new_tokens",
        Rewrite("tokens.rotation:Rotation._keep", "except Exception as", "except BillitError as"),
        "auth/test_unsaved.py -k stumbles",
    ),
    Mutation(
        "a_move_that_failed_keeps_its_mark",
        Replace("tokens.move:_stay", lambda *_: None),
        "test_tokens_command.py -k takes_nothing",
    ),
    Mutation(
        "a_login_that_is_being_moved_is_used",
        Rewrite("tokens.store:TokenStore._decode", "if content.moving_to", "if False"),
        "test_tokens_command.py -k cut_off_goes_on",
    ),
)
