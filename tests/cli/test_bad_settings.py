"""Commands, rules, settings and options that cannot be used: one line, the nearest right name, exit code 2."""

from __future__ import annotations

import pytest

from polyak.cli import command
from polyak.ground.errors import plain

HEAVY_BALL = "heavy_ball --lr 0.6 --momentum 0.5"
DIABETES = "heavy_ball --lr 0.01 --momentum 0.5 --data diabetes"

COMMANDS = [
    (
        "trac heavy_ball",
        ["unknown command 'trac'", "did you mean 'trace'", "best, compare, conventions, data,"],
    ),
    ("zzz", ["unknown command 'zzz' (there are:"]),
    ("--verson", ["No such option: --verson", "--version"]),
    ("rules adamm", ["unknown rule 'adamm'", "did you mean 'adam'"]),
    ("rules optax:adamm", ["optax has no 'adamm'", "did you mean 'optax:adam'"]),
    ("rules adam extra", ["extra"]),
    ("landscapes extra", ["extra"]),
    ("data --x", ["No such option: --x"]),
    ("trace", ["which rule? it comes first", "heavy_ball"]),
    ("train", ["which rule?"]),
    ("study", ["which rule?"]),
    ("trace --lr 0.6 heavy_ball", ["the rule comes first"]),
]

RULES = [
    ("heavy_bal --lr 0.6", ["unknown rule 'heavy_bal', did you mean 'heavy_ball'?", "gradient_descent"]),
    ("HeavyBall --lr 0.6", ["did you mean 'heavy_ball'?"]),
    ("'' --lr 0.6", ["unknown rule ''"]),
    ("heavy_ball", ["heavy_ball needs lr: learning rate, a number in [0, inf)"]),
    ("heavy_ball --lr 0.6", ["heavy_ball needs momentum", "a number in [0, 1)"]),
    (
        "heavy_ball --lr 0.6 --momentun 0.5",
        ["no setting --momentun, did you mean --momentum?", "lr, momentum"],
    ),
    (
        "heavy_ball --lr 0.6 --zzzzzz 0.5",
        ["no setting --zzzzzz (it has: lr, momentum, lr_in_velocity; this command: --on, "],
    ),
    ("heavy_ball --lr abc --momentum 0.5", ["lr is 'abc'", "a number in [0, inf)", "learning rate"]),
    ("heavy_ball --lr --momentum 0.5", ["heavy_ball: --lr needs a number in [0, inf)"]),
    ("heavy_ball --lr -1 --momentum 0.5", ["lr is -1", "[0, inf)"]),
    ("heavy_ball --lr nan --momentum 0.5", ["lr is nan"]),
    ("heavy_ball --lr inf --momentum 0.5", ["lr is inf"]),
    ("heavy_ball --lr 1e400 --momentum 0.5", ["lr is inf"]),
    ("heavy_ball --lr '' --momentum 0.5", ["lr is ''"]),
    ("heavy_ball --lr 0.6 --momentum 1", ["momentum is 1, expected a number in [0, 1)"]),
    ("heavy_ball --lr 0.6 --momentum -0.1", ["momentum is -0.1"]),
    ("heavy_ball --lr 0.6 --lr 0.5 --momentum 0.5", ["--lr is given twice"]),
    (f"{HEAVY_BALL} --lr-in-velocity maybe", ["lr_in_velocity is 'maybe', expected True or False"]),
    (
        "adam --lr 0.1 --eps-position insde",
        ["'insde', did you mean 'inside'?", "outside, inside, before_correction"],
    ),
    ("adam --lr 0.1 --beta1 1", ["adam: beta1 is 1, expected a number in [0, 1)"]),
    ("triple_momentum --lr 0.1", ["triple_momentum needs rate"]),
    ("heavy_ball 0.6 0.5", ["'0.6' is one word too many", "--name value"]),
    ("heavy_ball -lr 0.6", ["'-lr' is one word too many"]),
    (f"{HEAVY_BALL} --batch_size 10", ["no setting --batch_size"]),
    ("optax:adamm --lr 0.1", ["optax has no 'adamm', did you mean 'optax:adam'?"]),
    ("optax: --lr 0.1", ["optax has no ''"]),
    ("optax:adam", ["optax:adam needs learning_rate"]),
    (
        "optax:adam --lr 0.1 --beta1 0.9",
        ["optax:adam has no setting --beta1, did you mean --b1?", "learning_rate, b1, b2"],
    ),
    ("optax:adam --lr abc", ["learning_rate is 'abc', expected a number"]),
    ("optax:adam --lr", ["learning_rate is 'true', expected a number"]),
    ("optax:adam --lr nan", ["learning_rate is 'nan', expected a number"]),
    ("optax:adam --lr -1", ["learning_rate is '-1', expected a number in [0, inf)"]),
    ("optax:adam --lr inf", ["expected a number in [0, inf)"]),
    ("optax:adam --lr 0.1 --learning-rate 0.2", ["--lr and --learning-rate are the same"]),
    ("optax:adam --lr 0.1 --mu_dtype 3", ["optax:adam fails", "data type"]),
    ("optax:sgd --lr 0.1 --momentum nan", ["momentum is 'nan', expected a number"]),
    ("optax:sgd --lr 0.1 --momentum true", ["momentum is 'true', expected a number"]),
    ("optax:sgd --lr 0.1 --nesterov 7", ["nesterov is '7', expected true or false"]),
    ("optax:lbfgs --lr 0.1", ["optax:lbfgs fails at its first step", "value"]),
    ("optax:constant_schedule --value 1", ["optax:constant_schedule makes no optimizer"]),
    ("optax:chain --args 1", ["optax:chain fails"]),
]

TRACES = [
    (
        "--on ravin",
        ["unknown landscape 'ravin', did you mean 'ravine'?", "himmelblau", "quadratic:1,10", "my_file.py:f"],
    ),
    ("--on ''", ["unknown landscape ''"]),
    ("--on quadratic", ["did you mean 'quadratic:1,10'?"]),
    ("--on quadratic:", ["eigenvalues is ''", "numbers parted by commas"]),
    ("--on quadratic:1,a", ["eigenvalues is '1,a'"]),
    ("--on quadratic:1,nan", ["eigenvalues is [1.0, nan]", "finite"]),
    ("--start 1", ["start has 1 coordinates, expected 2 for ravine"]),
    ("--start a,b", ["start is 'a,b', expected numbers parted by commas, such as -5,-2"]),
    ("--start 1,inf", ["start is [1.0, inf], expected finite numbers"]),
    ("--start ''", ["start is ''"]),
    ("--steps 0", ["steps is 0, expected a whole number from 1 to 10000000"]),
    ("--steps -3", ["steps is -3"]),
    ("--steps 2.5", ["steps is '2.5'"]),
    ("--steps abc", ["steps is 'abc'"]),
    ("--steps ''", ["steps is ''"]),
    ("--steps 10000001", ["steps is 10000001"]),
    ("--steps", ["Option '--steps' requires an argument"]),
    ("--stps 3", ["no setting --stps, did you mean --steps?"]),
    (
        "--epochs 3",
        [
            "no setting --epochs (it has: lr, momentum",
            "this command: --on, --start, --steps, --dtype, --out, --json)",
        ],
    ),
]

TRAININGS = [
    ("--epochs 0", ["epochs is 0, expected a whole number of at least 1"]),
    ("--epochs -2", ["epochs is -2"]),
    ("--epochs x", ["epochs is 'x'"]),
    ("--seeds 0", ["seeds is 0, expected a whole number of at least 1"]),
    ("--seeds 1.5", ["seeds is '1.5'"]),
    ("--batch-size 0", ["batch_size is 0, expected a whole number from 1 to 442"]),
    ("--batch-size 443", ["batch_size is 443, expected a whole number from 1 to 442"]),
    ("--batch-size -1", ["batch_size is -1"]),
    ("--batch_size 5", ["no setting --batch_size, did you mean --batch-size?"]),
]

ONLY_TRAIN = [
    ("--seed -1", ["seed is -1, expected a whole number from 0 to 9223372036854775807"]),
    ("--every 0", ["every is 0, expected a whole number of at least 1"]),
    ("--steps 3", ["no setting --steps (", "--epochs"]),
]


@pytest.mark.parametrize(("line", "words"), COMMANDS)
def test_commands(fails, line, words):
    fails(line, *words)


@pytest.mark.parametrize(("rule", "words"), RULES)
def test_rules_and_their_settings(fails, rule, words):
    fails(f"trace {rule}", *words)


@pytest.mark.parametrize(("options", "words"), TRACES)
def test_options_of_trace(fails, options, words):
    fails(f"trace {HEAVY_BALL} --out trace.svg {options}", *words)


@pytest.mark.parametrize(("options", "words"), [*TRAININGS, *ONLY_TRAIN])
def test_options_of_train(fails, options, words):
    fails(f"train {DIABETES} --out train.svg {options}", *words)


@pytest.mark.parametrize(
    ("options", "words"), [*TRAININGS, ("--steps 0", ["steps is 0"]), ("--on ravin", ["'ravine'"])]
)
def test_options_of_study(fails, options, words):
    fails(f"study {DIABETES} --out study {options}", *words)


@pytest.mark.parametrize("command", ["train", "study"])
def test_every_command_refuses_a_bad_rule(fails, command):
    fails(f"{command} heavy_bal --lr 1 --data diabetes", "did you mean 'heavy_ball'?")
    fails(f"{command} heavy_ball --lr 1 --momentum 2 --data diabetes", "momentum is 2")


OPTIONS = {name: {f"--{word}" for word in words} for name, words in command.every_option().items()}
EVERY_OPTION = set().union(*OPTIONS.values())
# All but `compare`, which finds the settings.
TAKES_SETTINGS = [
    name
    for name, entry in command.COMMANDS.items()
    if entry.context_settings == command.WITH_SETTINGS and name != "compare"
]


@pytest.mark.parametrize("name", TAKES_SETTINGS)
def test_the_option_of_another_command_is_no_slip_of_the_pen(fails, name):
    """Nothing of this one is meant by it: no hint, whichever commands there will be."""
    own = OPTIONS[name]
    given = "--grid lr=0.1,0.2 --momentum 0.5" if "--grid" in own else "--lr 0.1 --momentum 0.5"
    others = EVERY_OPTION - own - {"--lr", "--momentum"}  # given already, as settings
    assert {"--store", "--target"} & others or name == "sweep"
    # The beginning of one of this command's (--step for --steps) is a slip, whoever else has it.
    begins = {word for word in others if any(option.startswith(word) for option in own)}
    # A third of them each, another one with the next command.
    for word in sorted(others - begins)[TAKES_SETTINGS.index(name) % 3 :: 3]:
        said = fails(f"{name} heavy_ball {given} {word} 3", f"no setting --{plain(word[2:])} (")
        assert "this command: --" in said


@pytest.mark.parametrize("name", TAKES_SETTINGS)
def test_a_slip_in_an_option_of_its_own_has_a_hint(fails, name):
    own = OPTIONS[name]
    given = "--grid lr=0.1,0.2 --momentum 0.5" if "--grid" in own else "--lr 0.1 --momentum 0.5"
    word = max(sorted(own - {"--no-browser"}), key=len)
    fails(f"{name} heavy_ball {given} {word[:-1]} 3", f"did you mean {word}?")
    if "--steps" in own:  # `explain` has a --step
        fails(f"{name} heavy_ball {given} --step 3", "did you mean --steps?")
