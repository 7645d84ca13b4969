"""The journeys of the suite, on tables in hash partitions: each breaks where a key or a conflict lacks the person."""

from tests.journeys.test_erasure import test_a_look_up_of_an_erased_person_shows_nothing
from tests.journeys.test_exports import (
    test_a_person_fetches_a_copy_of_all_that_is_held,
    test_an_erasure_waits_for_an_open_export_until_its_due_date_and_destroys_it,
)
from tests.journeys.test_policy_sentences import (
    test_important_notices_about_products_and_services_reach_those_who_left_all_marketing,
    test_our_software_sends_statistics_about_its_use_only_with_permission,
)
from tests.resolvers.test_backups import test_a_restored_system_learns_which_accounts_it_must_erase_again
from tests.resolvers.test_consent_changes import test_a_service_follows_the_feed_by_its_cursors
from tests.resolvers.test_disclosures import (
    test_officers_get_a_notice_of_the_recipients_to_notify_of_an_erasure,
    test_the_register_says_what_went_to_whom,
)
from tests.resolvers.test_forced_disclosures import (
    test_every_account_affected_by_a_forced_disclosure_is_written_to,
)
from tests.resolvers.test_incidents import test_theft_and_misuse_are_reported_and_the_people_affected_are_written_to
from tests.resolvers.test_rights_requests import (
    test_requests_are_listed_by_state_and_deadline,
    test_retained_items_have_their_last_day_in_plan_request_and_certificate,
)
from tests.resolvers.test_statistics import test_general_statistics_identify_nobody

__all__ = [
    "test_a_look_up_of_an_erased_person_shows_nothing",
    "test_a_person_fetches_a_copy_of_all_that_is_held",
    "test_a_restored_system_learns_which_accounts_it_must_erase_again",
    "test_a_service_follows_the_feed_by_its_cursors",
    "test_an_erasure_waits_for_an_open_export_until_its_due_date_and_destroys_it",
    "test_every_account_affected_by_a_forced_disclosure_is_written_to",
    "test_general_statistics_identify_nobody",
    "test_important_notices_about_products_and_services_reach_those_who_left_all_marketing",
    "test_officers_get_a_notice_of_the_recipients_to_notify_of_an_erasure",
    "test_our_software_sends_statistics_about_its_use_only_with_permission",
    "test_requests_are_listed_by_state_and_deadline",
    "test_retained_items_have_their_last_day_in_plan_request_and_certificate",
    "test_the_register_says_what_went_to_whom",
    "test_theft_and_misuse_are_reported_and_the_people_affected_are_written_to",
]
