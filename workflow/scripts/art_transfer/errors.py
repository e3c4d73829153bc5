"""The one exception that is meant for users."""


class StudyError(Exception):
    """Something that the user can mend; the message says what, where, and how.

    A message names the file, the config key or the object id, what was found and what was
    expected. Scripts print it without a traceback; everything else is a defect of ours.
    """
