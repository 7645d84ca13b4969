"""The tests that are long by nature, each with the short form of it that stays in the suite.

``make journeys`` runs them, and ``make test`` does not: it is to take less than five minutes. They kill processes at
many moments, start several servers or versions, or look at every page, role and situation. ``make journeys`` also
repeats the tests that hypothesis generates examples for, with three times as many examples.
"""

from collections import defaultdict
from typing import NamedTuple


class LongRun(NamedTuple):
    """The beginning of the names of tests, why they take long, and the test of the suite that covers them in short.

    ``parameter`` limits the names to those with this value among their parameters.
    """

    test: str
    reason: str
    short: str
    parameter: str = ""

    def includes(self, name: str) -> bool:
        """Return whether a test is one of them, by its name in pytest."""
        parameters = f"-{name.partition('[')[2].removesuffix(']')}-"
        return name.startswith(f"tests/{self.test}") and (not self.parameter or f"-{self.parameter}-" in parameters)


LONG_RUNS = (
    # Kill campaigns.
    LongRun(
        "journeys/test_kills.py::test_workers_killed",
        "Workers are killed twenty times, and each time all of their work is checked.",
        "journeys/test_kills.py::test_workers_killed_at_many_moments_leave_nothing_undone_and_do_nothing_twice[2]",
        "20",
    ),
    LongRun(
        "workers/test_kills.py::test_a_worker",
        "A worker is killed at every 29th line.",
        "workers/test_kills.py::test_a_worker_killed_at_some_lines[few]",
        "some",
    ),
    LongRun(
        "api/test_killed.py::test_what",
        "A service is started and killed four times under load.",
        "api/test_killed.py::test_what_was_answered_before_a_kill_is_on_the_record[1]",
        "4",
    ),
    LongRun(
        "cli/querying/test_command.py::test_killed",
        "A run of 1,500 lines is killed and repeated.",
        "cli/importing/test_command.py::test_killed_and_run_again_no_line_is_lost",
    ),
    LongRun(
        "journeys/test_change_feed.py::test_killed",
        "Writers and readers of the feed are killed for ten seconds.",
        "workers/test_feed_webhook_worker.py::test_a_killed_worker_loses_no_change_and_repeats_under_the_same_id",
    ),
    LongRun(
        "workers/test_holds.py::test_no_letter_is_accepted",
        "Two hundred people opt out while their letters are on their way.",
        "workers/test_holds.py::test_no_letter_is_accepted_after_its_opt_out_was_committed[40]",
        "200",
    ),
    LongRun(
        "cli/importing/test_command.py::test_while_postgresql",
        "PostgreSQL is stopped during an import and started again.",
        "cli/importing/test_command.py::test_killed_and_run_again_no_line_is_lost",
    ),
    LongRun(
        "api/graphql/test_hostile_requests.py::test_hostile",
        "Fifty-six hostile requests of a mebibyte are sent beside healthy ones.",
        "api/http/test_fuzzing.py",
    ),
    LongRun(
        "resolvers/test_recent_refusals.py::test_a_flood",
        "A flood of refusals is sent and counted.",
        "resolvers/test_recent_refusals.py",
    ),
    # Several servers or versions.
    LongRun(
        "journeys/test_rolling.py::test_an_upgrade",
        "Two versions run behind HAProxy while one replaces the other.",
        "cli/test_databases.py::test_people_of_before_are_filled_while_the_previous_version_writes",
    ),
    LongRun(
        "journeys/test_versions_of_choices.py",
        "Two versions record choices on the same databases, which are migrated and rolled back meanwhile.",
        "cli/test_databases.py::test_repeated_refusals_of_before_are_filled_while_the_previous_version_writes",
    ),
    LongRun(
        "journeys/test_rolling_workers.py",
        "Processes of workers are started, replaced and killed beside each other.",
        "journeys/test_kills.py::test_workers_killed_at_many_moments_leave_nothing_undone_and_do_nothing_twice[2]",
    ),
    LongRun(
        "journeys/test_replicas.py",
        "A primary and two replicas run behind services, and replicas are killed, promoted and held up.",
        "test_outages.py::test_a_read_only_standby_answers_reads_and_is_not_ready[carried]",
    ),
    LongRun(
        "journeys/test_restores.py::test_postgresql_stopped",
        "PostgreSQL is stopped at each point of an erasure.",
        "journeys/test_restores.py::test_a_restored_backup_brings_nobody_back",
    ),
    LongRun(
        "journeys/test_rollbacks.py::test_only_a_replay",
        "A database goes back by hand and by failover, besides the restore.",
        "journeys/test_rollbacks.py::test_only_a_replay_opens_the_service_after_the_database_went_back[by_restore]",
        "by_hand",
    ),
    LongRun(
        "journeys/test_rollbacks.py::test_only_a_replay",
        "A database goes back by hand and by failover, besides the restore.",
        "journeys/test_rollbacks.py::test_only_a_replay_opens_the_service_after_the_database_went_back[by_restore]",
        "by_failover",
    ),
    LongRun(
        "cli/test_server_moves.py::test_a_restored_record",
        "The audit log goes on after a move to a server whose counter is ahead.",
        "cli/test_server_moves.py::test_a_restored_record_goes_on_on_another_server[counting from its beginning]",
        "having counted further",
    ),
    LongRun(
        "cli/test_server_moves.py::test_a_record_that_moves",
        "The audit log moves to another server and back.",
        "cli/test_server_moves.py::test_a_restored_record_goes_on_on_another_server[counting from its beginning]",
    ),
    LongRun(
        "cli/test_server_moves.py::test_nothing_is_recorded",
        "A service and a worker run on a server that has no epoch of the audit log yet.",
        "cli/test_server_moves.py::test_a_restored_record_goes_on_on_another_server[counting from its beginning]",
    ),
    LongRun(
        "cli/test_server_moves.py::test_a_record_that_is_restored",
        "The audit log is restored on the server where it was.",
        "cli/test_server_moves.py::test_a_restored_record_goes_on_on_another_server[counting from its beginning]",
    ),
    LongRun(
        "test_outages.py",
        "All outages again, on the PostgreSQL 15 of Debian.",
        "test_outages.py::test_answers_are_unavailable_during_an_outage_and_correct_after_it[carried]",
        "debian15",
    ),
    LongRun(
        "cli/embedded/test_cluster.py",
        "All tests of the embedded PostgreSQL again, with the PostgreSQL 15 of Debian.",
        "cli/embedded/test_cluster.py::test_a_fresh_cluster_answers_every_client_on_its_socket_alone[carried]",
        "15",
    ),
    LongRun(
        "cli/embedded/test_cluster.py::test_odd_and_very_long_paths",
        "Clusters are made under odd and very long paths.",
        "cli/embedded/test_cluster.py::test_a_fresh_cluster_answers_every_client_on_its_socket_alone[carried]",
    ),
    LongRun(
        "cli/embedded/test_cluster.py::test_two_clusters",
        "Two clusters are made.",
        "cli/embedded/test_cluster.py::test_a_fresh_cluster_answers_every_client_on_its_socket_alone[carried]",
    ),
    LongRun(
        "cli/embedded/test_cluster.py::test_a_directory_of_root",
        "A cluster is made for a directory of root alone.",
        "cli/embedded/test_cluster.py::test_a_fresh_cluster_answers_every_client_on_its_socket_alone[carried]",
    ),
    LongRun(
        "cli/embedded/test_cluster.py::test_a_removed_cluster",
        "A cluster is made, removed and made again.",
        "cli/embedded/test_cluster.py::test_a_fresh_cluster_answers_every_client_on_its_socket_alone[carried]",
    ),
    LongRun(
        "cli/embedded/test_cluster.py::test_an_ordinary_user",
        "An ordinary user makes a cluster.",
        "cli/embedded/test_cluster.py::test_a_fresh_cluster_answers_every_client_on_its_socket_alone[carried]",
    ),
    LongRun(
        "cli/embedded/test_cluster.py::test_a_cluster_of_another_version",
        "A cluster of another version is made.",
        "cli/embedded/test_cluster.py::test_a_fresh_cluster_answers_every_client_on_its_socket_alone[carried]",
    ),
    LongRun(
        "scaling/partitioned/test_journeys.py",
        "Journeys again, on partitioned tables.",
        "scaling/partitioned/test_partitions.py::test_every_statement_can_be_planned_on_partitions",
    ),
    # First starts, each on a cluster of its own.
    LongRun(
        "cli/test_first_start.py::test_the_first_start",
        "The first start as the guides print it, on a fresh cluster.",
        "test_documents.py::test_commands_that_a_document_names_exist",
    ),
    LongRun(
        "test_deployment.py::test_the_steps_of_the_compose_file",
        "A service is made with the steps of the compose file, on a fresh cluster.",
        "test_deployment.py::test_every_command_has_the_options_that_they_give",
    ),
    LongRun(
        "cli/test_endings.py",
        "The demonstration is started and ended in several ways.",
        "cli/embedded/test_cluster.py::test_the_last_user_stops_it_and_a_killed_user_counts_no_more",
    ),
    LongRun(
        "cli/test_serve.py::test_workers_together",
        "A service of several processes is started.",
        "cli/test_serve.py::test_the_connections_are_divided_among_the_workers",
    ),
    LongRun(
        "cli/test_databases.py::test_two_demonstrations",
        "Two demonstrations start at once on a fresh cluster.",
        "cli/embedded/test_cluster.py::test_processes_that_start_it_at_once_share_it",
    ),
    LongRun(
        "cli/test_databases.py::test_migrations",
        "Several processes migrate empty databases at once.",
        "cli/test_databases.py::test_an_older_version_leaves_a_newer_database_unchanged",
    ),
    LongRun(
        "cli/test_databases.py::test_roles",
        "Several processes apply the roles to migrated databases at once.",
        "cli/test_database_roles.py::test_a_privilege_too_many_or_too_few_is_named",
    ),
    *(
        LongRun(
            "cli/test_completion.py::test_a_shell_completes_a_command_of_a_subcommand",
            "A shell starts processes that import a subcommand.",
            "cli/test_completion.py::test_a_shell_completes_a_command_of_a_subcommand[bash]",
            shell,
        )
        for shell in ("zsh", "fish")
    ),
    # Every page, role, situation and value.
    LongRun(
        "desk/test_axe.py::test_axe_finds_nothing",
        "axe-core looks at every page of every role.",
        "desk/test_axe.py::test_axe_finds_nothing_on_any_page[one role]",
        "every role",
    ),
    LongRun(
        "desk/test_officers_in_a_browser.py::test_the_other_pages",
        "A browser shows the other pages of officers in two forms.",
        "desk/test_officers_in_a_browser.py::test_an_incident_by_keyboard",
    ),
    LongRun(
        "desk/test_officers_in_a_browser.py::test_an_incident_by_keyboard",
        "A browser shows the pages of an incident in two forms.",
        "desk/test_officers_in_a_browser.py::test_an_incident_by_keyboard[narrow-dark]",
        "wide-light",
    ),
    LongRun(
        "desk/test_officers_in_a_browser.py::test_a_forced_disclosure_by_keyboard",
        "A browser shows the pages of a forced disclosure in two forms.",
        "desk/test_officers_in_a_browser.py::test_a_forced_disclosure_by_keyboard[wide-light]",
        "narrow-dark",
    ),
    LongRun(
        "desk/test_hostile_api.py::test_nothing_hostile_runs",
        "A browser opens every page with hostile values.",
        "desk/test_hostile_api.py::test_no_value_of_the_api_becomes_markup[scripts-SUPPORT]",
    ),
    LongRun(
        "api/access/test_policy_situations.py",
        "Every field is asked for in ten situations of every role.",
        "api/access/test_policy_situations.py::test_each_field_is_answered_according_to_policy_case_and_grant"
        "[two situations-SUPPORT]",
        "every situation",
    ),
    LongRun(
        "api/graphql/test_generated_documents.py::test_no_document_leads",
        "Four hundred documents are generated and sent.",
        "api/graphql/test_generated_documents.py::test_no_document_leads_to_a_field_that_its_role_may_not_have[100]",
        "400",
    ),
    LongRun(
        "cli/importing/test_command.py::test_everybody",
        "A thousand people are imported twice.",
        "cli/importing/test_command.py::test_everybody_comes_in_and_their_decisions_are_right[200]",
        "1000",
    ),
    LongRun(
        "models/storage/test_card_numbers.py::test_of_five_thousand",
        "Five thousand numbers of each kind are no card numbers.",
        "models/storage/test_card_numbers.py::test_of_five_hundred_of_each_kind_none_is_mistaken",
    ),
    LongRun(
        "models/storage/test_card_numbers.py::test_a_mebibyte",
        "Texts of a mebibyte are searched for card numbers.",
        "models/storage/test_card_numbers.py::test_an_eighth_of_a_mebibyte_written_to_be_slow_ends",
    ),
    LongRun(
        "journeys/test_erasure.py::test_every_value",
        "A person with a value in every column is erased, and all that was written anywhere is searched.",
        "test_canaries.py::test_no_personal_value_is_written_in_plain_text",
    ),
    LongRun(
        "journeys/test_export_canaries.py",
        "A person with a value in every column is exported, and all that was written anywhere is searched.",
        "journeys/test_exports.py::test_a_person_fetches_a_copy_of_all_that_is_held",
    ),
    LongRun(
        "journeys/test_export_guides.py",
        "The commands of the guides for exports run in a shell.",
        "journeys/test_exports.py::test_a_person_fetches_a_copy_of_all_that_is_held",
    ),
)

_BY_FILE: defaultdict[str, list[LongRun]] = defaultdict(list)
for _run in LONG_RUNS:
    _BY_FILE[f"tests/{_run.test.partition('::')[0]}"].append(_run)


def is_long(name: str) -> bool:
    """Return whether a test is in a long run, by its name in pytest."""
    file = name.partition("::")[0]
    return file in _BY_FILE and any(run.includes(name) for run in _BY_FILE[file])
