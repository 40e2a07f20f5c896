"""Placement never gives away what a host has not got."""

from hypothesis import given
from hypothesis import strategies as st

from emulated_aws.fleet.ecs.placement import SERVICE_DEFAULT, Host, Need, Strategy, place

NEEDS = st.builds(
    Need,
    cpu=st.integers(0, 2048),
    memory=st.integers(1, 4096),
    ports=st.frozensets(st.integers(1, 5), max_size=2),
    group=st.sampled_from(["service:a", "service:b"]),
    distinct=st.booleans(),
)


def _host(name: str, zone: str = "a") -> Host:
    return Host(name, 2048, 4096, {"ecs.availability-zone": zone})


@given(st.lists(NEEDS, max_size=40), st.sampled_from([(), SERVICE_DEFAULT, (Strategy("binpack", "memory"),)]))
def test_no_host_ever_holds_more_than_it_has(needs: list[Need], strategies: tuple[Strategy, ...]) -> None:
    hosts = [_host(f"host-{n}", "ab"[n % 2]) for n in range(3)]
    for number, need in enumerate(needs):
        if found := place(need, hosts, strategies).host:
            assert not (need.distinct and found.groups[need.group])
            assert not need.ports & found.ports
            found.hold(str(number), need)
    assert all(host.free_cpu >= 0 and host.free_memory >= 0 for host in hosts)
    for host in hosts:
        for task in list(host.tasks):
            host.release(task)
        assert (host.free_cpu, host.free_memory, dict(host.groups)) == (2048, 4096, {})


def test_spread_alternates_and_binpack_fills() -> None:
    need = Need(cpu=256, memory=256, group="service:a")
    spread, packed = ([_host("1", "a"), _host("2", "b")] for _ in range(2))
    for number in range(4):
        for hosts, strategies in ((spread, SERVICE_DEFAULT), (packed, (Strategy("binpack", "cpu"),))):
            host = place(need, hosts, strategies).host
            assert host
            host.hold(str(number), need)
    assert sorted(len(host.tasks) for host in spread) == [2, 2]
    assert sorted(len(host.tasks) for host in packed) == [0, 4]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(0, 11))
def test_no_two_tasks_of_a_host_get_the_same_dynamic_port(counts: list[int], released: int) -> None:
    host = _host("1")
    host.hold("fixed", Need(cpu=1, memory=1, ports=frozenset({32769})))
    ports: dict[str, list[int]] = {}
    for number, count in enumerate(counts):
        ports[str(number)] = host.assign_ports(str(number), count)
    host.release(str(released))
    ports.pop(str(released), None)
    ports["last"] = host.assign_ports("last", 2)
    given_out = [port for some in ports.values() for port in some]
    assert len(given_out) == len(set(given_out))
    assert 32769 not in given_out
