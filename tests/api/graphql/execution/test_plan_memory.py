"""Tests of the memory of plans: a plan counts in the totals that it is counted in, and in no others."""

from api.graphql.execution.plan_memory import FIELD_BYTES, MemoryTotal, PlanMemory


def test_a_plan_counts_in_its_totals_until_it_is_counted_in_others() -> None:
    some, all_ = MemoryTotal(), MemoryTotal()
    memory = PlanMemory(100)
    memory.count_in(some, all_)
    memory.add_field()
    assert some.bytes == all_.bytes == memory.bytes == 100 + FIELD_BYTES
    memory.count_in(all_)
    memory.add_field()
    assert (some.bytes, all_.bytes) == (0, 100 + 2 * FIELD_BYTES)
    memory.count_in()
    memory.add_field()
    assert (some.bytes, all_.bytes) == (0, 0)


def test_dropped_fields_leave_the_document() -> None:
    total, memory = MemoryTotal(), PlanMemory(100)
    memory.count_in(total)
    memory.add_field()
    memory.drop_fields()
    assert memory.bytes == total.bytes == 100
    assert total.added == 100 + FIELD_BYTES


def test_a_document_takes_more_with_its_tokens_and_its_text() -> None:
    sizes = [PlanMemory.of_document(*size).bytes for size in ((50, 10), (50, 20), (9_000, 20))]
    assert sizes == sorted(set(sizes))
