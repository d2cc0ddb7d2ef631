"""Every mistake that a job file can have, told by line, field and remedy."""

import pytest

GOOD = "name: digits\ncommand: [python, train.py]\n"  # two lines: what is added stands on line 3

ONE_MISTAKE = [
    ("gpu: 2", "3: gpu: is an unknown key; did you mean `gpus`?"),
    ("time_limits: 2h", "3: time_limits: is an unknown key; did you mean `time_limit`?"),
    ("gpus: 1.5", "3: gpus: must be a whole number, not 1.5; write it as a whole number, without quotes"),
    ("gpus: '2'", "3: gpus: must be a whole number, not '2'; write it as a whole number, without quotes"),
    ("gpus: ۲", "3: gpus: must be a whole number, not '۲'; write 2"),
    ("gpus: true", "3: gpus: must be a whole number, not true; write it as a whole number, without quotes"),
    ("gpus: -1", "3: gpus: must be at least 0; write 0 or more"),
    ("gpus: 65", "3: gpus: must be at most 64; write 64 or less"),
    ("gpus: 010", '3: gpus: 010 begins with a zero; write "010" in quotes if it is text'),
    ("replicas: 0", "3: replicas: must be at least 1; write 1 or more"),
    ("replicas: 1025", "3: replicas: must be at most 1024; write 1024 or less"),
    ("cpus: 0", "3: cpus: must be at least 1; write 1 or more"),
    ("memory: 4", "3: memory: 4 is not a size; write the unit: 4MiB or 4GiB"),
    ("memory: 4G", "3: memory: '4G' is not a size; write 4GiB"),
    ("memory: 1KiB", "3: memory: 1KiB is less than 1MiB; write 1MiB or more"),
    ("memory: 65TiB", "3: memory: 65TiB is more than 64TiB; write 64TiB or less"),
    ("time_limit: 2", "3: time_limit: 2 is not a duration; write the unit: 2s, 2m or 2h"),
    ("time_limit: ۲h", "3: time_limit: '۲h' is not a duration; write 2h"),
    ("time_limit: 31d", "3: time_limit: 31d is more than 30d; write 30d or less"),
    ("time_limit: 0s", "3: time_limit: 0s is less than 1s; write 1s or more"),
    ("time_limit:", "3: time_limit: nothing is not a duration; write 2h, 90m or 1d12h"),
    ("stop_grace: 2h", "3: stop_grace: 2h is more than 1h; write 1h or less"),
    ("lease: 30s", "3: lease: 30s is less than 1m; write 1m or more"),
    ("lease: 2d", "3: lease: 2d is more than 1d; write 1d or less"),
    ("firm: Negar NLP", "3: firm: 'Negar NLP' is not an id; write negar-nlp"),
    ("project: -x", "3: project: '-x' is not an id; write 1 to 63 of a-z, 0-9, '-' and '/'"),
    (
        "gpu_classes: a100-80g",
        "3: gpu_classes: must be a list, not 'a100-80g'; write [a, b] or one '- ' line for each",
    ),
    ("gpu_classes: [A100]", "3: gpu_classes[0]: 'A100' is not an id; write a100"),
    ("gpu_classes: [t4-16g, t4-16g]", "3: gpu_classes: names a class twice; keep each once, best first"),
    (
        "gpu_classes: [t4-16g]\nmin_gpu_memory: 8GiB",
        "4: min_gpu_memory: is given beside gpu_classes; keep one of the two",
    ),
    (
        "gpus: 0\ngpu_classes: [t4-16g]",
        "4: gpu_classes: is given for a job with gpus: 0; remove it, or ask for gpus",
    ),
    (
        "gpus: 0\nmin_gpu_memory: 8GiB",
        "4: min_gpu_memory: is given for a job with gpus: 0; remove it, or ask for gpus",
    ),
    ("parks: [a]", "3: parks: must be a mapping, not a list; write `key: value` lines under it"),
    ("parks:\n  alow: [a]", "4: parks.alow: is an unknown key; did you mean `allow`?"),
    ("parks:\n  zzz: [a]", "4: parks.zzz: is an unknown key; remove it (known here: allow, deny, prefer)"),
    ("parks: {allow: [a], deny: [a]}", "3: parks.deny: a is allowed too; keep it in one of the two"),
    ("parks: {allow: [a], prefer: [b]}", "3: parks.prefer: b is not allowed; allow it, or do not prefer it"),
    ("parks: {deny: [b], prefer: [b]}", "3: parks.prefer: b is not allowed; allow it, or do not prefer it"),
    (
        "checkpoint: {signal: yes}",
        "3: checkpoint.signal: must be true or false, not 'yes'; write true or false",
    ),
    ("checkpoint:\n  grace: 2h", "4: checkpoint.grace: 2h is more than 1h; write 1h or less"),
    (
        "checkpoint: {grace: 10m}\nlease: 5m",
        "4: lease: ends before 630s of checkpoint and stop grace have passed; lengthen it",
    ),
    ("retries: {exit: 101}", "3: retries.exit: must be at most 100; write 100 or less"),
    ("retries: {exits: 1}", "3: retries.exits: is an unknown key; did you mean `exit`?"),
    ("qos: fast", "3: qos: must be reserved, standard or scavenger, not 'fast'; write one of them"),
    ("qos: [reserved]", "3: qos: must be reserved, standard or scavenger, not a list; write one of them"),
    ("qos:", "3: qos: must be reserved, standard or scavenger, not nothing; write one of them"),
    ("estimate: 3", "3: estimate: 3 is not a duration; write the unit: 3s, 3m or 3h"),
    ("estimate: 0s", "3: estimate: 0s is less than 1s; write 1s or more"),
    ("estimate: -3h", "3: estimate: '-3h' is not a duration; write 2h, 90m or 1d12h"),
    (
        "time_limit: 2h\nestimate: 3h",
        "4: estimate: 3h is longer than the time_limit of 2h; raise time_limit, or write 2h or less",
    ),
    (
        "estimate: 25h",
        "3: estimate: 1d1h is longer than the time_limit of 1d; raise time_limit, or write 1d or less",
    ),
    ("speeds: [a]", "3: speeds: must be a mapping, not a list; write `key: value` lines under it"),
    (
        "speeds: {a100-80g: fast}",
        "3: speeds.a100-80g: must be a number, not 'fast'; write 1 for the reference, 0.5 for half as fast",
    ),
    ("speeds:\n  t4-16g: 0", "4: speeds.t4-16g: 0 is not from 0.001 to 1000; write a speed between them"),
    (
        "speeds:\n  t4-16g: -1.5",
        "4: speeds.t4-16g: -1.5 is not from 0.001 to 1000; write a speed between them",
    ),
    (
        "speeds:\n  t4-16g: 1e9",
        "4: speeds.t4-16g: 1000000000.0 is not from 0.001 to 1000; write a speed between them",
    ),
    ("speeds: {T4: 1}", "3: speeds.T4: 'T4' is not an id; write t4"),
    (
        "gpus: 0\nspeeds: {t4-16g: 1}",
        "4: speeds: is given for a job with gpus: 0; remove it, or ask for gpus",
    ),
    (
        "gpu_classes: [a100-80g]\nspeeds:\n  a100-80g: 1\n  t4-16g: 0.2",
        "6: speeds.t4-16g: t4-16g is not among gpu_classes; add the class there, or remove its speed",
    ),
    ("gpu_milli: 0", "3: gpu_milli: must be at least 1; write 1 or more"),
    ("gpu_milli: 1001", "3: gpu_milli: must be at most 1000; write 1000 or less"),
    (
        "gpu_milli: 0.5",
        "3: gpu_milli: must be a whole number, not 0.5; write it as a whole number, without quotes",
    ),
    (
        "gpus: 2\ngpu_milli: 500",
        "4: gpu_milli: is a part of one GPU, and gpus is 2; write gpus: 1, or remove gpu_milli",
    ),
    (
        "gpus: 0\ngpu_milli: 500",
        "4: gpu_milli: is a part of one GPU, and gpus is 0; write gpus: 1, or remove gpu_milli",
    ),
    (
        "gpu_milli: 500\ngpu_classes: [a100-80g/1g.10gb]",
        "3: gpu_milli: is a part of a whole GPU, and a100-80g/1g.10gb is a slice of one; "
        "ask for the slice alone, or for a part of a whole GPU",
    ),
    (
        "gpu_classes: [a100-80g/1g.10]",
        "3: gpu_classes[0]: 'a100-80g/1g.10' is not an id; write a100-80g/1g-10",
    ),
    ("env: [A]", "3: env: must be a mapping, not a list; write `key: value` lines under it"),
    ("env:\n  A: [1]", "4: env.A: must be text, not a list; write it in quotes"),
    ("env:\n  A: 1\n  RANK: 3", "5: env.RANK: is set by Bostan itself; use another name"),
    ("env: {BOSTAN_X: 3}", "3: env.BOSTAN_X: is set by Bostan itself; use another name"),
    ("env: {RAY_X: 3}", "3: env.RAY_X: is set by Bostan itself; use another name"),
    ("env: {a-b: 3}", "3: env.a-b: is not a variable name; use letters, digits and '_'"),
    (
        "work_dir: nowhere",
        "3: work_dir: the folder nowhere does not exist beside the job file; correct it, or write null to send none",
    ),
    ("work_dir: ''", "3: work_dir: is empty; write something, or remove the key"),
    ("name: again", "3: name: is written twice (first on line 1); keep one"),
    ("env: &e {A: b}", "3: defines the anchor &e; write the value out where it is used"),
]


@pytest.mark.parametrize(
    ("added", "told"), ONE_MISTAKE, ids=[added.replace("\n", "|") for added, _ in ONE_MISTAKE]
)
def test_one_mistake_is_told_once_with_its_line(mistakes, added, told):
    assert mistakes(GOOD + added + "\n") == [told]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["1: is empty; write `name:` and `command:` lines"]),
        ("- a\n", ["1: is not a mapping; write `name:` and `command:` lines"]),
        ("gpus: 1\n", ["1: name: is missing; add it", "1: command: is missing; add it"]),
        (
            "name: a b\ncommand: x\n",
            ["1: name: 'a b' is not a job name; write 1 to 63 of a-z, A-Z, 0-9, '.', '_' and '-'"],
        ),
        ("name: a\ncommand: []\n", ["2: command: is empty; write the program to run, as [python, train.py]"]),
        (
            "name: a\ncommand: ' '\n",
            ["2: command: is empty; write the program to run, as [python, train.py]"],
        ),
        ("name: a\ncommand: 7\n", ["2: command: must be text, not 7; write it in quotes"]),
        ("name: a\ncommand:\n  - x\n  - 7\n", ["4: command[1]: must be text, not 7; write it in quotes"]),
    ],
)
def test_a_file_that_is_no_job_says_what_a_job_needs(mistakes, text, told):
    assert mistakes(text) == told


def test_all_mistakes_are_collected_in_the_order_of_lines(mistakes):
    told = mistakes("name: a\nmemroy: 4GiB\ncommand: x\nqos: gold\nreplicas: 0\n")
    assert [line.split(": ")[:2] for line in told] == [["2", "memroy"], ["4", "qos"], ["5", "replicas"]]


def test_limits_of_command_and_environment(mistakes, job):
    words = ", ".join(["x"] * 1000)
    assert len(job(f"name: a\ncommand: [{words}]\n").command) == 1000
    assert "is too long; put it into a script" in mistakes(f"name: a\ncommand: [{words}, x]\n")[0]
    assert "is too long" in mistakes(f"name: a\ncommand: [{'y' * 100_001}]\n")[0]
    env = "".join(f"  V{at}: x\n" for at in range(256))
    assert len(job(f"{GOOD}env:\n{env}").env) == 256
    assert "has more than 256 entries" in mistakes(f"{GOOD}env:\n{env}  W: x\n")[0]
    assert "is not 0 to 32768 characters" in mistakes(f"{GOOD}env:\n  A: {'x' * 32_769}\n")[0]
    speeds = "".join(f"  c{at}: 1\n" for at in range(64))
    assert len(job(f"{GOOD}speeds:\n{speeds}").speeds) == 64
    assert "speeds: has more than 64 entries; remove some" in mistakes(f"{GOOD}speeds:\n{speeds}  d: 1\n")[0]
    parks = ", ".join(f"p{at}" for at in range(65))
    assert (
        "parks.allow: has more than 64 entries; remove some"
        in mistakes(f"{GOOD}parks: {{allow: [{parks}]}}\n")[0]
    )
