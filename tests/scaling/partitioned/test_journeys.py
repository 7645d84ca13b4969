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

__all__ = [
    "test_a_look_up_of_an_erased_person_shows_nothing",
    "test_a_person_fetches_a_copy_of_all_that_is_held",
    "test_an_erasure_waits_for_an_open_export_until_its_due_date_and_destroys_it",
    "test_important_notices_about_products_and_services_reach_those_who_left_all_marketing",
    "test_our_software_sends_statistics_about_its_use_only_with_permission",
]
