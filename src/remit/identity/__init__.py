"""Identity: who belongs where, and who may do what; pure, for the engine and the gateway alike.

    actor ─▶ owners: the caller, the mapping rules its claims fit, its groups, the roles of all these
          ─▶ tenants that any of them is a member of, and permissions that any of them was granted

A permission is given for one resource, for all of a type ("*"), or for those in which a property
names the caller (user tasks by assignee or candidates).
"""
