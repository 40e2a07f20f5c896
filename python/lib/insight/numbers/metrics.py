"""The numbers of a usage report. Each function defines one of them: its docstring says exactly what is counted.

A definition is SQL over the facts, which are the same whichever engine made them, and over four small tables:
`days` (number, date, week, month of each local day of the period), `members` (the account's users on record),
`account` (seats, days, weekdays) and `users` (each user's sums over the period). "user" is NULL for events whose user
the producer no longer knew; those count as events, never as a user.
"""

import hashlib

from insight.numbers.facts.sql import SCORE_SCALE, SHOWN_USERS
from insight.numbers.register import FIGURES, TABLES, Chart, Column, Unit, figure, table
from insight.sources.events import Kind
from insight.sources.raw_columns import text_sql

__all__ = ["DEFINITIONS_SHA256", "FIGURES", "TABLES", "USERS_SQL"]


USERS_SQL = (
    'SELECT "user", count(*) AS active_days, sum(events) AS events, sum(sessions) AS sessions, '
    'sum(phrases_accepted) AS phrases_accepted FROM user_days WHERE "user" IS NOT NULL GROUP BY "user"'
)

_CREATED, _SCORED, _SHOWN, _ACCEPTED = (
    f"kind = {text_sql(kind)}"
    for kind in (Kind.DOCUMENT_CREATED, Kind.DOCUMENT_SCORED, Kind.PHRASE_SHOWN, Kind.PHRASE_ACCEPTED)
)
_LEVEL = "CASE WHEN share > 0.5 THEN 'adopted' WHEN share >= 0.1 THEN 'partial' ELSE 'not adopted' END"
_MEAN_UPLIFT = f"CAST(sum(uplift) AS DOUBLE) / (nullif(sum(scored), 0) * {SCORE_SCALE})"
_USER = Column("user", "User", Unit.TEXT)
_USERS = Column("users", "Active users", Unit.COUNT)
_SHARE = Column("share", "Share", Unit.SHARE)
_LEVEL_COLUMN = Column("level", "Level", Unit.TEXT)


@figure("Active users", Unit.COUNT)
def active_users() -> str:
    """Distinct users with at least one event of any kind in the period."""
    return "SELECT count(*) FROM users"


@figure("Seats", Unit.COUNT, rows="false")
def seats() -> str:
    """The seats in the account's record when the report was made."""
    return "SELECT seats FROM account"


@figure("Seat utilisation", Unit.SHARE, "no seats")
def seat_utilisation() -> str:
    """Active users of the period over the seats in the account's record; above 100 % when more users than seats."""
    return "SELECT (SELECT count(*) FROM users) / nullif(CAST(seats AS DOUBLE), 0) FROM account"


@figure("Seat days used", Unit.SHARE, "no seats")
def seat_days_used() -> str:
    """Days on which a user was active, summed over the users, over seats times the weekdays of the period."""
    return (
        "SELECT (SELECT coalesce(sum(active_days), 0) FROM users) / nullif(CAST(seats AS DOUBLE) * weekdays, 0) "
        "FROM account"
    )


@figure("Sessions", Unit.COUNT, rows=f"kind = {text_sql(Kind.SESSION_STARTED)}")
def sessions() -> str:
    """`session_started` events."""
    return "SELECT coalesce(sum(sessions), 0) FROM user_days"


@figure("Documents created", Unit.COUNT, rows=_CREATED)
def documents_created() -> str:
    """Distinct documents with a `document_created` event in the period."""
    return "SELECT coalesce(sum(created), 0) FROM document_groups"


@figure("Documents scored", Unit.COUNT, rows=_SCORED)
def documents_scored() -> str:
    """Distinct documents that were scored at least once in the period."""
    return "SELECT coalesce(sum(scored), 0) FROM document_groups"


@figure("Mean score uplift", Unit.POINTS, "no document scored", rows=_SCORED)
def mean_score_uplift() -> str:
    """The mean, over the documents scored in the period, of their last minus their first score.

    The last score is the latest in the period. The first is the one the document ever had, where an event of the
    period says it (`first_score`; the latest such event counts), else the earliest in the period. Of two scores in
    the same millisecond the lower comes first. Scores count to four decimals.
    """
    return f"SELECT {_MEAN_UPLIFT} FROM document_groups"


@figure("Documents improved", Unit.SHARE, "no document scored", rows=_SCORED)
def documents_improved() -> str:
    """Of the documents scored in the period, the share whose last score is above its first."""
    return "SELECT CAST(sum(improved) AS DOUBLE) / nullif(sum(scored), 0) FROM document_groups"


@figure("Phrases accepted", Unit.COUNT, rows=_ACCEPTED)
def phrases_accepted() -> str:
    """`phrase_accepted` events."""
    return "SELECT coalesce(sum(phrases_accepted), 0) FROM user_days"


@figure("Phrase acceptance", Unit.SHARE, "no phrase shown", rows=f"({_SHOWN} OR {_ACCEPTED})")
def phrase_acceptance() -> str:
    """`phrase_accepted` events over `phrase_shown` events."""
    return "SELECT CAST(sum(phrases_accepted) AS DOUBLE) / nullif(sum(phrases_shown), 0) FROM user_days"


@figure("Concentration", Unit.SHARE, "no user active")
def concentration() -> str:
    """The share of the three most active users in all events with a known user; near 100 %, few people carry it all."""
    return (
        "SELECT CAST(sum(events) AS DOUBLE) / nullif((SELECT sum(events) FROM users), 0) "
        "FROM (SELECT events FROM users ORDER BY events DESC LIMIT 3)"
    )


@table("Daily active users", Column("day", "Day", Unit.DAY), _USERS, chart=Chart.BARS)
def daily_active_users() -> str:
    """For every local day of the period, days without any included: distinct users with at least one event."""
    return (
        'SELECT date, count("user") FROM days LEFT JOIN user_days ON user_days.day = days.day '
        "GROUP BY date ORDER BY date"
    )


@table("Weekly active users", Column("week", "Week of", Unit.DAY), _USERS, Column("days", "Days", Unit.COUNT))
def weekly_active_users() -> str:
    """For every week from Monday that the period touches: distinct users with an event on its days in the period."""
    return (
        'SELECT week, count(DISTINCT "user"), count(DISTINCT date) FROM days '
        "LEFT JOIN user_days ON user_days.day = days.day GROUP BY week ORDER BY week"
    )


@table("Monthly active users", Column("month", "Month", Unit.DAY), _USERS, Column("days", "Days", Unit.COUNT))
def monthly_active_users() -> str:
    """For every local month that the period touches: distinct users with an event on its days in the period."""
    return (
        'SELECT month, count(DISTINCT "user"), count(DISTINCT date) FROM days '
        "LEFT JOIN user_days ON user_days.day = days.day GROUP BY month ORDER BY month"
    )


@table(
    "User classes",
    Column("class", "Class", Unit.TEXT),
    Column("users", "Users", Unit.COUNT),
    chart=Chart.PARTS,
)
def user_classes() -> str:
    """Users by the days on which they were active, over the weekdays of the period.

    Power users 60 % or more, active users 20 % or more, casual users less; inactive are the members on record who
    have not left and have no event in the period.
    """
    classes = (
        "SELECT CASE WHEN active_days >= 0.6 * weekdays THEN 'power' WHEN active_days >= 0.2 * weekdays THEN 'active' "
        "ELSE 'casual' END AS class FROM users, account UNION ALL SELECT 'inactive' FROM members "
        'WHERE NOT has_left AND "user" NOT IN (SELECT "user" FROM users)'
    )
    order = "(VALUES ('power', 1), ('active', 2), ('casual', 3), ('inactive', 4)) AS names(class, place)"
    return (
        f"SELECT names.class, count(found.class) FROM {order} LEFT JOIN ({classes}) AS found "
        "ON found.class = names.class GROUP BY names.class, place ORDER BY place"
    )


@table(
    "Documents by kind",
    Column("document_kind", "Kind", Unit.TEXT),
    Column("created", "Created", Unit.COUNT),
    Column("scored", "Scored", Unit.COUNT),
    Column("uplift", "Mean uplift", Unit.POINTS),
)
def documents_by_kind() -> str:
    """Distinct documents created, documents scored and their mean score uplift, by kind.

    A document that its events name with several kinds counts once, under the first of them by name.
    """
    return (
        f"SELECT document_kind, sum(created), sum(scored), {_MEAN_UPLIFT} FROM document_groups "
        "GROUP BY document_kind ORDER BY document_kind"
    )


@table("Adoption by kind", Column("document_kind", "Kind", Unit.TEXT), _USERS, _SHARE, _LEVEL_COLUMN)
def adoption_by_kind() -> str:
    """Users who created at least one document of the kind in the period, and their share of the active users.

    Adopted above 50 %, partial from 10 %, not adopted below. Of several creators of a document the first by id counts.
    """
    return (
        f"SELECT document_kind, creators, share, {_LEVEL} FROM (SELECT document_kind, count(creator) AS creators, "
        "count(creator) / nullif((SELECT CAST(count(*) AS DOUBLE) FROM users), 0) AS share FROM document_groups "
        "WHERE created > 0 GROUP BY document_kind) ORDER BY document_kind"
    )


@table(
    "Adoption by team",
    Column("team", "Team", Unit.TEXT),
    Column("members", "Members", Unit.COUNT),
    _USERS,
    _SHARE,
    _LEVEL_COLUMN,
)
def adoption_by_team() -> str:
    """Members of each team on record who have not left, and how many of them have an event in the period.

    Levels as in the adoption by kind. Users with events who are no member on record stand under "(not on record)".
    """
    teams = (
        'SELECT team, count(*) AS members, count(users."user") AS active FROM members '
        'LEFT JOIN users ON users."user" = members."user" WHERE NOT has_left GROUP BY team UNION ALL '
        'SELECT \'(not on record)\', 0, count(*) FROM users WHERE "user" NOT IN (SELECT "user" FROM members) '
        "HAVING count(*) > 0"
    )
    return (
        f"SELECT team, members, active, share, CASE WHEN share IS NULL THEN '' ELSE {_LEVEL} END FROM "
        f"(SELECT *, active / nullif(CAST(members AS DOUBLE), 0) AS share FROM ({teams})) ORDER BY team"
    )


@table(
    "Top users",
    _USER,
    Column("name", "Name", Unit.TEXT),
    Column("team", "Team", Unit.TEXT),
    Column("active_days", "Active days", Unit.COUNT),
    Column("sessions", "Sessions", Unit.COUNT),
    Column("phrases_accepted", "Phrases accepted", Unit.COUNT),
    Column("events", "Events", Unit.COUNT),
    limit=SHOWN_USERS,
)
def top_users() -> str:
    """The active users by number of events, then by id."""
    return (
        "SELECT users.\"user\", coalesce(name, ''), coalesce(team, ''), active_days, sessions, phrases_accepted, "
        'events FROM users LEFT JOIN members ON members."user" = users."user" ORDER BY events DESC, users."user"'
    )


@table(
    "Users needing attention",
    _USER,
    Column("name", "Name", Unit.TEXT),
    Column("team", "Team", Unit.TEXT),
    limit=SHOWN_USERS,
)
def inactive_members() -> str:
    """Members on record who have not left and have no event in the period, by team and id."""
    return (
        'SELECT "user", name, team FROM members WHERE NOT has_left AND "user" NOT IN (SELECT "user" FROM users) '
        'ORDER BY team, "user"'
    )


DEFINITIONS_SHA256 = hashlib.sha256(
    "\n".join((USERS_SQL, *(one.sql for one in FIGURES.values()), *(one.sql for one in TABLES.values()))).encode()
).hexdigest()
"""The version of all definitions together: numbers kept from earlier are used only while it stays the same."""
