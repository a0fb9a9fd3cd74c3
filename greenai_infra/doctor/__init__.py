"""What has to be there before `up`: on this machine, in the account, in the region. Reads only, changes nothing."""
