"""Arrow schemas of the tables of statistics over the patients."""

from __future__ import annotations

from liquidbiopsy.core.tables import Table, column, real, text, whole

KEYS = (
    column("rule_id", text, "Decision rule whose outcomes are the groups; null: all patients"),
    column("rule_version", text, "Version of the rule"),
    column("endpoint", text, "`pfs` or `os`; null where time plays no part"),
    column(
        "landmark",
        text,
        "Day or visit that time is counted from; null: the day of each patient's decision",
    ),
    column("group", text, "Outcome of the rule; of a transition, the earlier and the later one"),
)

STATISTICS = Table(
    name="statistics",
    row="one statistic of one rule's outcomes at one endpoint",
    columns=(
        *KEYS,
        column("reference", text, "Outcome, or rule, that the group is compared with"),
        column("statistic", text, "What was computed", nullable=False),
        column("n", whole, "Patients it rests on", nullable=False),
        column("events", whole, "Events among them"),
        column("estimate", real, "The number, in `unit`; null where `reason` says why"),
        column("low", real, "Lower limit of the 95 % interval, in `unit`"),
        column("high", real, "Upper limit of the 95 % interval, in `unit`"),
        column("unit", text, "UCUM unit of estimate and interval"),
        column("p_value", real, "p of the test"),
        column("method", text, "How it was computed"),
        column("reason", text, "Why there is no number; with a number, a remark"),
    ),
)

SURVIVAL = Table(
    name="survival",
    row="one step of one Kaplan-Meier curve",
    columns=(
        *KEYS,
        column("day", real, "Days from where time is counted", "d", nullable=False),
        column("at_risk", whole, "Patients at risk just before that day", nullable=False),
        column("events", whole, "Events on that day", nullable=False),
        column("survival", real, "Share of patients without the event", nullable=False),
        column("ci_low", real, "Lower limit of the 95 % log-log interval"),
        column("ci_high", real, "Upper limit of the 95 % log-log interval"),
    ),
)

TABLES = (STATISTICS, SURVIVAL)
