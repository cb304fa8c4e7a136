"""The emulators that can be a local cloud: the one place that knows them all."""

from pathlib import Path

from cdk.local.cloud import EmulatorName, LocalCloud


def open_cloud(home: Path, *, emulator: EmulatorName = "ministack") -> LocalCloud:
    """Return the local cloud whose state is kept under `home`.

    Parameters
    ----------
    home : Path
        The project's state directory (``.loop``). Nothing outside it is written.
    emulator : {"ministack", "localstack"}
        Which emulator runs it.
    """
    if emulator == "localstack":
        from cdk.local.localstack import open_localstack  # noqa: PLC0415 - only what is used

        return open_localstack(home)
    from cdk.local.ministack import MinistackCloud  # noqa: PLC0415 - only what is used

    return MinistackCloud(home)
