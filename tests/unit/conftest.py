"""Examples of a property have no deadline: on a busy machine one takes long now and then."""

from hypothesis import settings

if settings.get_current_profile_name() == "default":
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")
