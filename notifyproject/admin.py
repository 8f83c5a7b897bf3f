"""The users of the demo, with what people may ask for of theirs."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User

from notifications.privacy.actions import UserPrivacyActions

admin.site.unregister(User)


@admin.register(User)
class PrivateUserAdmin(UserPrivacyActions, UserAdmin):  # type: ignore[type-arg]  # see its base
    pass
