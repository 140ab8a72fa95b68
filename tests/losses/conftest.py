from hypothesis import settings

# other people's processes share the machine, so a slow example says nothing
settings.register_profile("losses", deadline=None)
settings.load_profile("losses")
