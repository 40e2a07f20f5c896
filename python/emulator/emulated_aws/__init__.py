"""An AWS account on this machine: the emulator ministack with the plug-in and the fleet that mend it."""
