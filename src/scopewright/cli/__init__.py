"""The command line: `run` is the installed command."""


def run() -> None:
    """Import the commands, in which moment somebody may press Ctrl-C, and run one."""
    try:
        from scopewright.cli import main
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    main.run()
