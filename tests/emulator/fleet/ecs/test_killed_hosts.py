"""A host that EC2 ended before anybody drained it: what is left to know of it."""

from opscore.draining.aws.instances import look_up
from opscore.draining.record import Cause, Drain
from opscore.fleets.cluster_reader import ClusterReader
from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import Fleet


def test_the_tasks_that_died_with_a_host_are_counted_although_its_cluster_forgot_it(fleet: Fleet) -> None:
    cluster = fleet.cluster()
    group = fleet.group(1, cluster)
    (one,) = group.await_in_service(1)
    fleet.await_registered(cluster, 1)
    service = fleet.service(cluster, fleet.definition(), 2)
    fleet.await_running(cluster, service, 2)
    fleet.ec2.terminate_instances(InstanceIds=[one])
    reader = ClusterReader(fleet.ecs, cluster)
    eventually(lambda: not reader.locate([one]), "a cluster without the host")
    drain = Drain(one, 1, cluster, group.name, Cause.TERMINATION, 0, 3600, hook="opsctl-drain")
    found = look_up([drain], {}, reader, fleet.ec2)[one]
    assert (found.ended, found.died) == (True, 2)
